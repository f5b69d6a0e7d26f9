//! Class names, and the choice of some of them.

use std::sync::Arc;

/// The classes of the COCO detection task in the order in which YOLO models are trained on it.
pub const COCO_80: [&str; 80] = [
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "airplane",
    "bus",
    "train",
    "truck",
    "boat",
    "traffic light",
    "fire hydrant",
    "stop sign",
    "parking meter",
    "bench",
    "bird",
    "cat",
    "dog",
    "horse",
    "sheep",
    "cow",
    "elephant",
    "bear",
    "zebra",
    "giraffe",
    "backpack",
    "umbrella",
    "handbag",
    "tie",
    "suitcase",
    "frisbee",
    "skis",
    "snowboard",
    "sports ball",
    "kite",
    "baseball bat",
    "baseball glove",
    "skateboard",
    "surfboard",
    "tennis racket",
    "bottle",
    "wine glass",
    "cup",
    "fork",
    "knife",
    "spoon",
    "bowl",
    "banana",
    "apple",
    "sandwich",
    "orange",
    "broccoli",
    "carrot",
    "hot dog",
    "pizza",
    "donut",
    "cake",
    "chair",
    "couch",
    "potted plant",
    "bed",
    "dining table",
    "toilet",
    "tv",
    "laptop",
    "mouse",
    "remote",
    "keyboard",
    "cell phone",
    "microwave",
    "oven",
    "toaster",
    "sink",
    "refrigerator",
    "book",
    "clock",
    "vase",
    "scissors",
    "teddy bear",
    "hair drier",
    "toothbrush",
];

/// Ids of COCO, which run from 1 to 90, that no class has.
const UNUSED_COCO_IDS: [usize; 10] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];
/// Columns of a detector that keeps the ids of COCO, 0 included.
pub(crate) const COCO_COLUMNS: usize = 91;

/// Which columns of a row of scores are classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// All.
    All,
    /// All but the last one, which is the background's.
    AllButLast,
    /// Their numbers are the ids of COCO, with the gaps that these have; classes are those of [`COCO_80`].
    CocoIds,
}

impl Columns {
    /// How many of `count` columns are looked at.
    pub(crate) fn used(self, count: usize) -> usize {
        match self {
            Columns::All | Columns::CocoIds => count,
            Columns::AllButLast => count.saturating_sub(1),
        }
    }

    /// The class of a column.
    pub(crate) fn class(self, column: usize) -> Option<u32> {
        let class = match self {
            Columns::All | Columns::AllButLast => column,
            Columns::CocoIds if column == 0 || UNUSED_COCO_IDS.contains(&column) => return None,
            Columns::CocoIds => column - 1 - UNUSED_COCO_IDS.iter().filter(|id| **id < column).count(),
        };
        u32::try_from(class).ok()
    }
}

/// Classes between which a detector wavers over one and the same vehicle.
const VEHICLES: [&str; 4] = ["car", "truck", "bus", "van"];

/// The classes that a caller wants reported. Cloning shares the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassFilter {
    wanted: Arc<[bool]>,
}

/// A class that the model does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model has no class {name:?}; its classes are {}", list(.known))]
pub struct UnknownClass {
    /// The unknown name.
    pub name: String,
    /// The model's classes.
    pub known: Vec<String>,
}

impl ClassFilter {
    /// Only the classes called `names`, out of a model's `classes`.
    ///
    /// # Errors
    /// [`UnknownClass`] for the first name that is not among `classes`.
    pub fn new<S: AsRef<str>>(classes: &[String], names: &[S]) -> Result<ClassFilter, UnknownClass> {
        let mut wanted = vec![false; classes.len()];
        for name in names {
            let name = name.as_ref();
            let mut found = false;
            for (class, flag) in classes.iter().zip(&mut wanted) {
                if class.eq_ignore_ascii_case(name) {
                    *flag = true;
                    found = true;
                }
            }
            if !found {
                return Err(UnknownClass { name: name.to_owned(), known: classes.to_vec() });
            }
        }
        Ok(ClassFilter { wanted: wanted.into() })
    }

    /// Whether detections of `class` are reported.
    #[must_use]
    pub fn allows(&self, class: u32) -> bool {
        usize::try_from(class).ok().and_then(|class| self.wanted.get(class).copied()).unwrap_or(false)
    }
}

/// For each class whether it belongs to the group of vehicles that are mistaken for each other.
pub(crate) fn vehicles(classes: &[String]) -> Vec<bool> {
    classes.iter().map(|class| VEHICLES.iter().any(|vehicle| class.eq_ignore_ascii_case(vehicle))).collect()
}

/// Class names for a message: the first ones, and how many more there are.
pub(crate) fn list(classes: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<&str> = classes.iter().take(SHOWN).map(String::as_str).collect();
    match classes.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        ["person", "Car", "van"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_filter_allows_the_named_classes_only() {
        let filter = ClassFilter::new(&classes(), &["car"]).unwrap();
        assert_eq!(
            [0, 1, 2, 3, u32::MAX].map(|class| filter.allows(class)),
            [false, true, false, false, false]
        );
        assert!(!ClassFilter::new::<&str>(&classes(), &[]).unwrap().allows(0));
    }

    #[test]
    fn an_unknown_class_is_named_beside_the_known_ones() {
        let message = ClassFilter::new(&classes(), &["person", "lorry"]).unwrap_err().to_string();
        assert_eq!(message, "the model has no class \"lorry\"; its classes are person, Car, van");
        let coco = COCO_80.map(str::to_owned).to_vec();
        assert!(ClassFilter::new(&coco, &["x"]).unwrap_err().to_string().ends_with("stop sign and 68 more"));
    }

    #[test]
    fn the_ids_of_coco_become_its_eighty_classes() {
        let name = |id: usize| Columns::CocoIds.class(id).map(|class| COCO_80[class as usize]);
        for (id, wanted) in [
            (1, "person"),
            (3, "car"),
            (11, "fire hydrant"),
            (13, "stop sign"),
            (18, "dog"),
            (27, "backpack"),
            (90, "toothbrush"),
        ] {
            assert_eq!(name(id), Some(wanted));
        }
        assert_eq!([0, 12, 83].map(name), [None; 3]);
        let classes: Vec<u32> = (0..COCO_COLUMNS).filter_map(|id| Columns::CocoIds.class(id)).collect();
        assert_eq!(classes, (0..80).collect::<Vec<u32>>());
    }

    #[test]
    fn vehicles_are_found_by_name() {
        assert_eq!(vehicles(&classes()), [false, true, true]);
    }
}
