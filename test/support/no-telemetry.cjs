// Tests that call onnxruntime directly would report to its maker otherwise; lib does the same for its users.
process.env.ORT_DISABLE_TELEMETRY ??= '1'
