/** onnxruntime's own telemetry, which this package keeps off. */

const variable = 'ORT_DISABLE_TELEMETRY'

/**
 * Since 1.29 onnxruntime's builds for Linux and macOS report models, sessions and errors to their maker, under an
 * identifier kept in the user's home (microsoft/onnxruntime#27379). The variable must be in the process's environment
 * before the library is loaded, so it is set by whoever starts a worker; a child process inherits it. A value that the
 * user has chosen stays.
 */
export function disableTelemetry(): void {
  process.env[variable] ??= '1'
}
