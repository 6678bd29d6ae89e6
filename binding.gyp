{
  "targets": [{
    "target_name": "ascend_addon",
    "sources": ["<!@(cat native/sources.txt)"],
    "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["<!@(cat native/flags.txt)"],
    "conditions": [["OS=='linux'", {
      "ldflags": ["<!@(cat native/link-flags.txt)", "-Wl,--version-script=<(module_root_dir)/native/exports.map"],
      "libraries": ["-ldl"]
    }]]
  }]
}
