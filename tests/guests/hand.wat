;; A rule written by hand, for what no compiler would emit. Tests put code in the marked places: `before` and `with`
;; are the component's, `import` and `module` the core module's, the others in the function of that name. `late` is in
;; `process` from the fifth call on, when the trial is long over.
(component
  (import "ocellus:plugin/types@0.1.0" (instance $types
    (type $frame (record (field "camera" u32) (field "sequence" u64) (field "time-us" u64)
      (field "width" u32) (field "height" u32)))
    (export "frame" (type (eq $frame)))
    (type $reading (record (field "row" u32) (field "kind" string) (field "text" string)
      (field "confidence" f32)))
    (export "reading" (type $reading-name (eq $reading)))
    (type $tracks (record (field "ids" (list u64)) (field "classes" (list u32))
      (field "confidences" (list f32)) (field "states" (list u8)) (field "boxes" (list f32))
      (field "ground" (list f32)) (field "ground-sigma" (list f32)) (field "first-seen-us" (list u64))
      (field "embeddings" (list f32)) (field "embedding-size" u32) (field "embedding-rows" (list s32))
      (field "readings" (list $reading-name))))
    (export "tracks" (type (eq $tracks)))
    (type $value (variant (case "flag" bool) (case "integer" s64) (case "number" f64) (case "text" string)))
    (export "value" (type $value-name (eq $value)))
    (type $event (record (field "kind" string) (field "track" (option u64))
      (field "attributes" (list (tuple string $value-name)))))
    (export "event" (type $event-name (eq $event)))
    (type $measurement (record (field "name" string) (field "value" f64)))
    (export "measurement" (type $measurement-name (eq $measurement)))
    (type $tone (enum "neutral" "good" "bad"))
    (export "tone" (type $tone-name (eq $tone)))
    (type $point (record (field "x" f32) (field "y" f32)))
    (export "point" (type $point-name (eq $point)))
    (type $polygon (record (field "corners" (list $point-name)) (field "tone" $tone-name) (field "label" string)))
    (export "polygon" (type $polygon-name (eq $polygon)))
    (type $line (record (field "from" $point-name) (field "to" $point-name) (field "tone" $tone-name)
      (field "label" string)))
    (export "line" (type $line-name (eq $line)))
    (type $label (record (field "at" $point-name) (field "tone" $tone-name) (field "text" string)))
    (export "label" (type $label-name (eq $label)))
    (type $overlay (variant (case "polygon" $polygon-name) (case "line" $line-name) (case "label" $label-name)))
    (export "overlay" (type $overlay-name (eq $overlay)))
    (type $output (record (field "events" (list $event-name)) (field "measurements" (list $measurement-name))
      (field "overlays" (list $overlay-name))))
    (export "output" (type (eq $output)))
    (type $scope (enum "camera" "site"))
    (export "scope" (type $scope-name (eq $scope)))
    (type $description (record (field "name" string) (field "version" string) (field "summary" string)
      (field "settings-schema" string) (field "scope" $scope-name) (field "powers" (list string))))
    (export "description" (type (eq $description)))
    (type $camera (record (field "handle" u32) (field "name" string) (field "classes" (list string))))
    (export "camera" (type (eq $camera)))
  ))
  (alias export $types "frame" (type $frame))
  (alias export $types "tracks" (type $tracks))
  (alias export $types "output" (type $output))
  (alias export $types "description" (type $description))
  (alias export $types "camera" (type $camera))

  ;;before;;
  (core module $code
    ;;import;;
    (memory (export "memory") 1)
    (global $calls (mut i32) (i32.const 0))
    ;;module;;
    ;; A description at 16: name, version, summary, schema (pointer, length each), scope, powers.
    (data (i32.const 16)
      "\80\00\00\00\04\00\00\00" "\88\00\00\00\05\00\00\00" "\80\00\00\00\04\00\00\00" "\90\00\00\00\02\00\00\00"
      "\00\00\00\00" "\00\00\00\00\00\00\00\00")
    (data (i32.const 0x80) "hand")
    (data (i32.const 0x88) "1.0.0")
    (data (i32.const 0x90) "{}")
    ;; Memory from 0x200 on is zero: an `ok` with empty lists, or an empty list.
    (func (export "describe") (result i32) ;;describe;;
      i32.const 16)
    (func (export "configure") (param i32 i32 i32 i32) (result i32) ;;configure;;
      i32.const 0x200)
    (func (export "process") (param i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.ge_u (global.get $calls) (i32.const 5)) (then ;;late;;
      ))
      ;;process;;
      i32.const 0x200)
    (func (export "finish") (param i64) (result i32) ;;finish;;
      i32.const 0x200)
    (func (export "save") (result i32) ;;save;;
      i32.const 0x200)
    (func (export "restore") (param i32 i32 i32 i32) (result i32) ;;restore;;
      i32.const 0x200)
    (func (export "query") (param i32 i32) (result i32) ;;query;;
      i32.const 0x200)
    (func (export "command") (param i64 i32 i32) (result i32) ;;command;;
      i32.const 0x200)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      ;;realloc;;
      i32.const 0x1000)
    (func $start
      ;;start;;
    )
    (start $start))
  (core instance $i (instantiate $code ;;with;;
  ))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))

  (func $describe (result $description) (canon lift (core func $i "describe") (memory $memory)))
  (func $configure (param "settings" string) (param "cameras" (list $camera)) (result (result (error string)))
    (canon lift (core func $i "configure") (memory $memory) (realloc $realloc)))
  (func $process (param "frame" $frame) (param "tracks" $tracks) (result (result $output (error string)))
    (canon lift (core func $i "process") (memory $memory) (realloc $realloc)))
  (func $finish (param "time-us" u64) (result (result $output (error string)))
    (canon lift (core func $i "finish") (memory $memory)))
  (func $save (result (list u8)) (canon lift (core func $i "save") (memory $memory)))
  (func $restore (param "state" (list u8)) (param "version" string) (result (result (error string)))
    (canon lift (core func $i "restore") (memory $memory) (realloc $realloc)))
  (func $query (param "request" string) (result (result string (error string)))
    (canon lift (core func $i "query") (memory $memory) (realloc $realloc)))
  (func $command (param "time-us" u64) (param "request" string) (result (result $output (error string)))
    (canon lift (core func $i "command") (memory $memory) (realloc $realloc)))
  (export "describe" (func $describe))
  (export "configure" (func $configure))
  (export "process" (func $process))
  (export "finish" (func $finish))
  (export "save" (func $save))
  (export "restore" (func $restore))
  (export "query" (func $query))
  (export "command" (func $command))
)
