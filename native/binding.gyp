# SPDX-License-Identifier: GPL-2.0-only
{
  "target_defaults": {
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-O3", "-mtune=generic", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Wno-restrict", "-Wno-maybe-uninitialized", "-fvisibility=hidden", "-fstack-protector-strong"]
  },
  "variables": {
    "bpf_headers": ["bpf/namespace.h", "bpf/task.bpf.h"],
    "compile_bpf": ["clang", "-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", "-fdebug-prefix-map=<(module_root_dir)=native", "-I/usr/include/x86_64-linux-gnu", "-c"],
    "napi_defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED", "NODE_ADDON_API_DISABLE_DEPRECATED"],
    "msgpack_defines": ["MSGPACK_NO_BOOST"],
    "version": "<!(node -p \"require('../package.json').version\")",
    "napi_include": "<!(node -p \"require('node-addon-api').include_dir\")"
  },
  "targets": [
    {
      "target_name": "bpf_object",
      "type": "static_library",
      "include_dirs": ["<(INTERMEDIATE_DIR)"],
      "actions": [{
        "action_name": "compile_frames",
        "inputs": ["bpf/frames.bpf.c", "bpf/frames.h", "<@(bpf_headers)"],
        "outputs": ["<(INTERMEDIATE_DIR)/frames.bpf.o"],
        "action": ["<@(compile_bpf)", "bpf/frames.bpf.c", "-o", "<@(_outputs)"]
      }, {
        "action_name": "compile_process_events",
        "inputs": ["bpf/process_events.bpf.c", "bpf/process_events.h", "<@(bpf_headers)"],
        "outputs": ["<(INTERMEDIATE_DIR)/process_events.bpf.o"],
        "action": ["<@(compile_bpf)", "bpf/process_events.bpf.c", "-o", "<@(_outputs)"]
      }, {
        "action_name": "compile_causes",
        "inputs": ["bpf/causes.bpf.c", "bpf/causes.h", "<@(bpf_headers)"],
        "outputs": ["<(INTERMEDIATE_DIR)/causes.bpf.o"],
        "action": ["<@(compile_bpf)", "bpf/causes.bpf.c", "-o", "<@(_outputs)"]
      }, {
        "action_name": "embed_bpf",
        "inputs": ["bpf/embed.S", "<(INTERMEDIATE_DIR)/frames.bpf.o", "<(INTERMEDIATE_DIR)/process_events.bpf.o", "<(INTERMEDIATE_DIR)/causes.bpf.o"],
        "outputs": ["<(INTERMEDIATE_DIR)/embed.S"],
        "process_outputs_as_sources": 1,
        "action": ["cp", "bpf/embed.S", "<@(_outputs)"]
      }]
    },
    {
      "target_name": "core",
      "type": "static_library",
      "dependencies": ["bpf_object"],
      "sources": ["<!@(LC_ALL=C ls core/*.cc)"],
      "link_settings": {"libraries": ["-lbpf", "-lz"]}
    },
    {
      "target_name": "image",
      "type": "static_library",
      "dependencies": ["core"],
      "sources": ["<!@(LC_ALL=C ls core/image/*.cc)"],
      "link_settings": {"libraries": ["-ldl"]}
    },
    {
      "target_name": "calls",
      "type": "static_library",
      "dependencies": ["core"],
      "sources": ["calls/calls.cc", "calls/describe.cc"],
      "defines": ["CR3SCOPE_VERSION=\"<(version)\""]
    },
    {
      "target_name": "cr3scope",
      "dependencies": ["calls", "image"],
      "sources": ["binding/addon.cc", "binding/session_class.cc"],
      "include_dirs": ["<(napi_include)"],
      "defines": ["<@(napi_defines)"]
    },
    {
      "target_name": "cr3scope_test",
      "dependencies": ["calls", "image"],
      "sources": ["test/addon.cc", "test/wrong_frames.cc", "binding/session_class.cc"],
      "include_dirs": ["<(napi_include)"],
      "defines": ["<@(napi_defines)"]
    },
    {
      "target_name": "cr3scope-helper",
      "type": "executable",
      "dependencies": ["calls"],
      "sources": ["helper/channel.cc", "helper/main.cc", "helper/privileges.cc"],
      "defines": ["<@(msgpack_defines)", "CR3SCOPE_VERSION=\"<(version)\""],
      "ldflags": ["-static", "-s"],
      "libraries": ["-lbpf", "-lelf", "-lz", "-lseccomp", "-lcap"]
    },
    {
      "target_name": "privileges_test",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["helper/privileges.cc", "test/privileges.cc"],
      "libraries": ["-lseccomp", "-lcap"]
    },
    {
      "target_name": "cr3scope-launch",
      "type": "executable",
      "dependencies": ["calls"],
      "sources": ["helper/launcher.cc"],
      "defines": ["<@(msgpack_defines)"]
    },
    {
      "target_name": "labs",
      "type": "executable",
      "sources": ["labs/labs.c"],
      "cflags": ["-O2", "-Wall", "-Wextra"],
      "libraries": ["-lpthread"]
    },
    {
      "target_name": "core_bench",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["../bench/core_bench.cc"]
    },
    {
      "target_name": "module_bench",
      "type": "executable",
      "dependencies": ["core"],
      "sources": ["../bench/module_bench.cc"]
    }
  ]
}
