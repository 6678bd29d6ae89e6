/** From what a user names as the model to what a session can run, and what is known about it. */
import { createHash } from 'node:crypto'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { ArgumentTypeError, ModelError } from '../errors'
import { parseConfig, type AasistConfig, type ConvertOptions, type TileGroup } from '../model'
import { readInputFile, UnreadableFile } from './input-file'
import { readModelCard, type ModelCard } from './model-card'
import type { ModelForms } from '../session'
import type { OfflineProvenance } from './npu/model-for-npus'
import type { Preparer } from './preparer'

/** Which file it was and what became of it: enough to tell whether two runs used the same model. */
export interface ModelProvenance {
  /** The file's path; null for a model given as bytes. */
  readonly path: string | null
  readonly format: 'checkpoint' | 'onnx' | 'om'
  /** SHA-256 of the model's bytes, hexadecimal. */
  readonly sha256: string
  readonly configSha256: string | null
  /** Passes applied here; null for a model that was ONNX or compiled already. */
  readonly conversion: ConvertOptions | null
  /** SHA-256 of the ONNX bytes that run or were compiled here, or of the offline model that was given. */
  readonly graphSha256: string
  /** What NPUs run in its place, where it was compiled for them here. */
  readonly offline: OfflineProvenance | null
}

export interface LoadedModel {
  /** What the sessions are opened from. */
  readonly source: ModelForms
  readonly provenance: ModelProvenance
  readonly config: AasistConfig | null
  /** The bytes of the checkpoint, where there is one: other graphs can be made of it. */
  readonly checkpoint: Uint8Array | null
  readonly card: ModelCard | null
}

export interface ModelRequest {
  readonly model: string | Uint8Array
  /** Path of the `.conf`; default: the checkpoint's name with that ending. */
  readonly config?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** The time tiles of the CPU's graph. */
  readonly tiles: (checkpoint: Uint8Array, config: AasistConfig) => Promise<readonly TileGroup[]>
}

/** Weights and clips that ship with the package. */
export const demoFolder = resolve(__dirname, '..', '..', 'models', 'demo')
export const demoCheckpoint = join(demoFolder, 'aasist-l-demo.pth')

const zipMagic = 'PK'
/** For checkpoints of other formats than zip, so that they are refused as checkpoints. */
const checkpointEndings = new Set(['.pth', '.pt', '.ckpt'])
const offlineModelMagic = 'IMOD'

/** `path`: where the bytes are from; null for a model given as bytes. */
export function isCheckpoint(bytes: Uint8Array, path: string | null): boolean {
  return (
    magicOf(bytes).startsWith(zipMagic) ||
    (path !== null && checkpointEndings.has(extname(path).toLowerCase()))
  )
}

function isOfflineModel(bytes: Uint8Array, path: string | null): boolean {
  return magicOf(bytes) === offlineModelMagic || (path !== null && extname(path).toLowerCase() === '.om')
}

function magicOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 4))
}

/**
 * @throws ModelError MODEL_NOT_FOUND, CONFIG_INVALID, CHECKPOINT_INVALID, CHECKPOINT_UNSAFE, MODEL_INVALID
 */
export async function loadModel(request: ModelRequest, preparer: Preparer): Promise<LoadedModel> {
  const { model, signal } = request
  const bytes = typeof model === 'string' ? await readModelFile(model) : model
  if (!(bytes instanceof Uint8Array)) {
    throw new ArgumentTypeError('model must be a path or the bytes of a model file')
  }
  signal?.throwIfAborted()
  const path = typeof model === 'string' ? resolve(model) : null
  const card = path === null ? null : await readModelCard(path)
  if (!isCheckpoint(bytes, path)) {
    const sha256 = sha256Of(bytes)
    const format = isOfflineModel(bytes, path) ? 'om' : 'onnx'
    return {
      // By its path, where it has one: atc puts large weights beside an offline model.
      source: format === 'om' ? { om: path ?? bytes } : { onnx: bytes },
      provenance: {
        path,
        format,
        sha256,
        configSha256: null,
        conversion: null,
        graphSha256: sha256,
        offline: null,
      },
      config:
        request.config === undefined
          ? null
          : parseConfig(await readConfigFile(request.config), request.config),
      checkpoint: null,
      card,
    }
  }
  const { config, sha256: configSha256 } = await readCheckpointConfig(path, request.config)
  const conversion = { batch: 1, target: 'cpu', tiles: await request.tiles(bytes, config) } as const
  const onnx = await preparer.prepare(
    { kind: 'model', checkpoint: bytes, config, options: conversion },
    signal,
  )
  return {
    source: { onnx },
    provenance: {
      path,
      format: 'checkpoint',
      sha256: sha256Of(bytes),
      configSha256,
      conversion,
      graphSha256: sha256Of(onnx),
      offline: null,
    },
    config,
    checkpoint: bytes,
    card,
  }
}

/** The file of that ending beside a model: `AASIST-L.pth` → `AASIST-L.conf`. */
export function besides(path: string, ending: string): string {
  return join(dirname(path), basename(path, extname(path)) + ending)
}

/** AASIST has a megabyte of weights; protobuf, and so ONNX, ends at 2 GB. */
const largestModelBytes = 2 ** 31 - 1
const largestConfigBytes = 2 ** 20

/** @throws ModelError MODEL_NOT_FOUND, MODEL_INVALID */
export async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readInputFile(path, largestModelBytes)
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    const { message, systemCode, problem } = cause
    // As sessions have it: what is there and cannot be a model is another matter than nothing.
    const code = problem === 'not a file' || problem === 'changing' ? 'MODEL_INVALID' : 'MODEL_NOT_FOUND'
    throw new ModelError(code, `no model: ${message}`, { path, systemCode }, { cause })
  }
}

/**
 * The text of a configuration; `besideOf` names the checkpoint beside which it was looked for.
 * @throws ModelError CONFIG_INVALID
 */
export async function readConfigFile(path: string, besideOf: string | null = null): Promise<string> {
  try {
    return (await readInputFile(path, largestConfigBytes)).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause
    const { message, systemCode } = cause
    const advice =
      besideOf === null
        ? ''
        : ` beside ${besideOf}; a checkpoint needs its configuration, name it with config (--config)`
    throw new ModelError(
      'CONFIG_INVALID',
      `no configuration: ${message}${advice}`,
      { path, systemCode },
      { cause },
    )
  }
}

/**
 * The configuration of a checkpoint: the file that was named, or the one beside it.
 * @throws ModelError CONFIG_INVALID
 */
export async function readCheckpointConfig(
  checkpoint: string | null,
  named: string | undefined,
): Promise<{ readonly config: AasistConfig; readonly sha256: string }> {
  const path = named ?? (checkpoint === null ? undefined : besides(checkpoint, '.conf'))
  if (path === undefined) {
    throw new ModelError(
      'CONFIG_INVALID',
      'a checkpoint given as bytes needs its configuration: pass the path of the .conf',
    )
  }
  const text = await readConfigFile(path, named === undefined ? checkpoint : null)
  return { config: parseConfig(text, path), sha256: sha256Of(text) }
}

export function sha256Of(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}
