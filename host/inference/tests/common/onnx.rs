//! Writes tiny ONNX models: just enough of the protobuf format for graphs of a few nodes.

/// A protobuf message under construction.
#[derive(Debug, Clone, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value as u8) | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn number(mut self, field: u64, value: i64) -> Message {
        self.varint(field << 3);
        self.varint(value as u64);
        self
    }

    pub fn bytes(mut self, field: u64, value: &[u8]) -> Message {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn text(self, field: u64, value: &str) -> Message {
        self.bytes(field, value.as_bytes())
    }

    pub fn message(self, field: u64, value: &Message) -> Message {
        self.bytes(field, &value.0)
    }
}

/// A dimension of a declared shape.
#[derive(Debug, Clone, Copy)]
pub enum Dim {
    Is(i64),
    Any(&'static str),
}

pub const FLOAT: i64 = 1;
pub const HALF: i64 = 10;

/// A model of named nodes.
#[derive(Debug, Clone, Default)]
pub struct Model {
    nodes: Vec<Message>,
    initializers: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    metadata: Vec<Message>,
}

fn value_info(name: &str, kind: i64, dims: &[Dim]) -> Message {
    let shape = dims.iter().fold(Message::default(), |shape, dim| {
        let dim = match dim {
            Dim::Is(size) => Message::default().number(1, *size),
            Dim::Any(name) => Message::default().text(2, name),
        };
        shape.message(1, &dim)
    });
    let tensor = Message::default().number(1, kind).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

impl Model {
    pub fn input(mut self, name: &str, kind: i64, dims: &[Dim]) -> Model {
        self.inputs.push(value_info(name, kind, dims));
        self
    }

    pub fn output(mut self, name: &str, kind: i64, dims: &[Dim]) -> Model {
        self.outputs.push(value_info(name, kind, dims));
        self
    }

    pub fn metadata(mut self, key: &str, value: &str) -> Model {
        self.metadata.push(Message::default().text(1, key).text(2, value));
        self
    }

    /// A constant of floats.
    pub fn floats(mut self, name: &str, dims: &[i64], values: &[f32]) -> Model {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializers.push(tensor(name, dims, 1, &raw));
        self
    }

    /// A constant of whole numbers.
    pub fn integers(mut self, name: &str, values: &[i64]) -> Model {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializers.push(tensor(name, &[values.len() as i64], 7, &raw));
        self
    }

    /// A node; attributes are whole numbers.
    pub fn node(
        mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, i64)],
    ) -> Model {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, &format!("make_{output}")).text(4, operator);
        for (name, value) in attributes {
            node = node.message(5, &Message::default().text(1, name).number(3, *value).number(20, 2));
        }
        self.nodes.push(node);
        self
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph = graph.message(1, node);
        }
        graph = graph.text(2, "tiny");
        for (field, parts) in [(5, &self.initializers), (11, &self.inputs), (12, &self.outputs)] {
            for part in parts {
                graph = graph.message(field, part);
            }
        }
        let opset = Message::default().text(1, "").number(2, 13);
        let mut model =
            Message::default().number(1, 8).text(2, "ocellus-tests").message(7, &graph).message(8, &opset);
        for entry in &self.metadata {
            model = model.message(14, entry);
        }
        model.0
    }
}

fn tensor(name: &str, dims: &[i64], kind: i64, raw: &[u8]) -> Message {
    let mut tensor = Message::default();
    for dim in dims {
        tensor = tensor.number(1, *dim);
    }
    tensor.number(2, kind).text(8, name).bytes(9, raw)
}

/// A detector with an input of `side` × `side` that gives `values` of the shape `dims` for every picture: the
/// constant, plus nothing of the picture.
pub fn constant(side: i64, dims: &[i64], values: &[f32]) -> Model {
    let declared: Vec<Dim> = dims.iter().map(|dim| Dim::Is(*dim)).collect();
    Model::default()
        .input("images", FLOAT, &[Dim::Is(1), Dim::Is(3), Dim::Is(side), Dim::Is(side)])
        .output("output", FLOAT, &declared)
        .floats("values", dims, values)
        .floats("nothing", &[1], &[0.0])
        .integers("one", &[1])
        .node("ReduceMean", &["images"], "mean", &[("keepdims", 0)])
        .node("Reshape", &["mean", "one"], "number", &[])
        .node("Mul", &["number", "nothing"], "zero", &[])
        .node("Add", &["values", "zero"], "output", &[])
}
