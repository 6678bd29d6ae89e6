/** What an offline model was compiled for: by atc, else by the description that `aasist compile` leaves beside it. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { sha256OfFile } from './atc'
import type { Environment } from './find-program'
import { runProgram } from './run-program'

export interface OfflineModelInfo {
  /** As `atc --soc_version` took it. */
  readonly soc: string
  /** Release of the atc that made it; null where nobody tells. */
  readonly atcVersion: string | null
  /** The ONNX model it was made of, as far as the description tells. */
  readonly onnx: string | null
  readonly toldBy: 'atc --mode=6' | 'description'
}

export interface OfflineModelQuestion {
  /** Path of atc; null without one. */
  readonly atc: string | null
  readonly environment: Environment
  readonly signal?: AbortSignal | undefined
}

const timeoutMs = 60_000

/** Null when neither knows. @throws the signal's reason */
export async function describeOfflineModel(
  om: string,
  { atc, environment, signal }: OfflineModelQuestion,
): Promise<OfflineModelInfo | null> {
  const description = await readDescription(om)
  const lines: string[] = []
  if (atc !== null) {
    const args = ['--mode=6', `--om=${resolve(om)}`]
    const onLine = (line: string): void => void lines.push(line)
    await runProgram(atc, args, { environment, timeoutMs, signal, onLine }).catch(() => undefined)
    signal?.throwIfAborted()
  }
  const told = infoIn(lines.join('\n'))
  return told === null ? description : { ...told, onnx: description?.onnx ?? null }
}

/** From `system info: atc_version[8.5.0], soc_version[Ascend310P3], framework_type[Onnx].` */
export function infoIn(text: string): OfflineModelInfo | null {
  const soc = /\bsoc_version\[([^\]]+)\]/.exec(text)?.[1]
  if (soc === undefined) return null
  const atcVersion = /\batc_version\[([^\]]+)\]/.exec(text)?.[1] ?? null
  return { soc, atcVersion, onnx: null, toldBy: 'atc --mode=6' }
}

/** It counts for the very file it was written for. */
async function readDescription(om: string): Promise<OfflineModelInfo | null> {
  try {
    const { soc, atc, input, output } = JSON.parse(await readFile(`${om}.json`, 'utf8')) as {
      readonly soc?: unknown
      readonly atc?: { readonly version?: unknown }
      readonly input?: { readonly path?: unknown }
      readonly output?: { readonly sha256?: unknown }
    }
    if (typeof soc !== 'string' || output?.sha256 !== (await sha256OfFile(om))) return null
    const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
    return { soc, atcVersion: textOf(atc?.version), onnx: textOf(input?.path), toldBy: 'description' }
  } catch {
    return null
  }
}
