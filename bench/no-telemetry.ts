/** To be imported before onnxruntime-node: see lib/session/ort-telemetry.ts. */
process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
