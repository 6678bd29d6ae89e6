/** The package onnxruntime-node, an optional dependency: npm leaves it out without a word when its download fails. */
import { createRequire } from 'node:module'
import type * as Ort from 'onnxruntime-node'
import { SessionError, errorCode, errorMessage } from '../errors'

/** The variable skips onnxruntime's download of libraries for GPUs, which nothing here uses. */
export const installOnnxruntime = 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node'

/** Why the package cannot be had: it is not there, or what is there does not load. */
export interface OnnxruntimeMissing {
  readonly reason: string
  readonly installed: boolean
}

/** The package, or why it cannot be loaded. Loading blocks: some ten milliseconds. */
export function findOnnxruntime(): { readonly ort: typeof Ort } | OnnxruntimeMissing {
  try {
    // Not import(): an asynchronous load could not be finished while the caller's thread waits in its exit handler.
    return { ort: createRequire(__filename)('onnxruntime-node') as typeof Ort }
  } catch (error) {
    return { reason: `${errorCode(error) ?? 'Error'}: ${errorMessage(error)}`, installed: isInstalled() }
  }
}

function isInstalled(): boolean {
  try {
    return createRequire(__filename).resolve('onnxruntime-node') !== ''
  } catch {
    return false
  }
}

/** `what` needs it, as "running on the CPU". */
export function onnxruntimeMissing(what: string, { reason, installed }: OnnxruntimeMissing): SessionError {
  const wayOut = installed
    ? `which is installed and does not load (${reason}). It exists for Linux with glibc on x64 and arm64 (not for Alpine), macOS on arm64 and Windows; this is ${process.platform}-${process.arch}. Where that is one of them, install it again`
    : `which is not installed (${reason}). Install it with`
  return new SessionError(
    'CPU_BACKEND_MISSING',
    `${what} needs the package onnxruntime-node, ${wayOut}: ${installOnnxruntime}`,
    { reason, installed, command: installOnnxruntime },
  )
}
