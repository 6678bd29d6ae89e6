/** From options to sessions that score: which device it is going to be, and what has to be made of the model for it. */
import { createPool, type ModelForms, type PoolOptions, type SessionPool } from '../session'
import { modelForms } from '../session/model-forms'
import { ArgumentTypeError } from '../errors'
import type { SharedWindows } from '../model'
import { checkDevices, saysNoNpu, whyNotNpu } from '../session/devices'
import { FallbackScorer } from './cpu-fallback'
import { tilesFor, type TileChoice } from './cpu-tiles'
import type { DetectorOptions } from './detector-options'
import { demoCheckpoint, loadModel, type LoadedModel } from './model-file'
import { modelForNpus, type NpuModel } from './npu/model-for-npus'
import type { OpenShared } from './recording/shared-sessions'
import { npuRuntime, type NpuRuntime } from './npu-runtime'
import type { Preparer } from './preparer'
import { findScoreInterface, type ScoreInterface } from './score-interface'
import { WindowScorer } from './window-scorer'

export interface OpenedModel {
  readonly pool: SessionPool
  readonly scorer: FallbackScorer
  readonly scoreInterface: ScoreInterface
  readonly model: LoadedModel
  /** Opens sessions that score several windows a run; null where no such graph can be made or the CPU does not compute. */
  readonly openShared: OpenShared | null
  readonly npu: NpuRuntime | null
  readonly whyNotNpu: string | null
}

interface Sessions {
  readonly pool: SessionPool
  readonly model: LoadedModel
  readonly whyNotNpu: string | null
}

/** @throws as {@link Detector.load} does */
export async function openModel(options: DetectorOptions, preparer: Preparer): Promise<OpenedModel> {
  const { pool, model, whyNotNpu: reason } = await openSessions(options, preparer)
  try {
    const scoreInterface = findScoreInterface(pool)
    const isOnNpus = pool.device.kind === 'npu'
    const { sessions, cpuSessions, queueLimit, onFailover, batchWaitMs } = options
    const scorer = new WindowScorer(pool, scoreInterface, {
      parallelRuns: pool.stats().sessions,
      batchWaitMs,
    })
    const hasCpuModel = isOnNpus && model.source.onnx !== undefined
    // The signal was for loading, and the time limit for NPUs.
    const lasting: DetectorOptions = {
      ...(sessions !== undefined && { sessions }),
      ...(cpuSessions !== undefined && { cpuSessions }),
      ...(queueLimit !== undefined && { queueLimit }),
      ...(onFailover && { onFailover }),
    }
    const unending = { ...lasting, ...limitsOf(options) }
    const openCpu = (): Promise<SessionPool> => openOnCpu(model, lasting)
    return {
      pool,
      scorer: new FallbackScorer(pool, scorer, hasCpuModel ? openCpu : null),
      scoreInterface,
      model,
      openShared: isOnNpus
        ? sharedOnNpus(model, options, unending, preparer)
        : sharedOnCpu(model, unending, preparer),
      npu: isOnNpus ? await npuRuntime() : null,
      whyNotNpu: reason,
    }
  } catch (error) {
    await pool.release()
    throw error
  }
}

/** Runs of several windows, in the sessions' own number; a limit of time is for as many. */
function sharedOnCpu(model: LoadedModel, options: DetectorOptions, preparer: Preparer): OpenShared | null {
  const { checkpoint, config, provenance } = model
  if (checkpoint === null || config === null) return null
  const tiles = provenance.conversion?.tiles
  return async (windows, signal) => {
    const conversion = { windows, target: 'cpu', ...(tiles && { tiles }) } as const
    const onnx = await preparer.prepare({ kind: 'model', checkpoint, config, options: conversion }, signal)
    const isolation = options.isolation ?? isolationFor(options)
    return createPool(onnx, {
      ...poolOptions(options, 'cpu'),
      ...limitFor(windows, options),
      ...(isolation !== undefined && { isolation }),
      memory: 'as needed',
      signal,
    })
  }
}

/** Compiled when they are first wanted, which takes minutes once; not beside CPUs, which have no such model. */
function sharedOnNpus(
  loaded: LoadedModel,
  given: DetectorOptions,
  lasting: DetectorOptions,
  preparer: Preparer,
): OpenShared | null {
  const { model = demoCheckpoint, config, device = 'npu', compile: choices = {}, onCompile: onEvent } = given
  if (loaded.checkpoint === null || device === 'npu+cpu') return null
  return async (windows, signal) => {
    const request = { model, config, loaded, windows, wanted: 'yes', choices, onEvent, signal } as const
    const made = await modelForNpus(request, preparer)
    if ('reason' in made) throw new ArgumentTypeError(made.reason)
    return createPool(made.offline.path, {
      ...poolOptions(lasting, device === 'auto' ? 'npu' : device),
      ...limitFor(windows, lasting),
      signal,
    })
  }
}

/** A run of several windows may take as long as they would one by one. */
function limitFor(
  { count }: SharedWindows,
  { runTimeoutMs }: DetectorOptions,
): Pick<PoolOptions, 'runTimeoutMs'> {
  return runTimeoutMs === undefined ? {} : { runTimeoutMs: Math.min(runTimeoutMs * count, longestTimeoutMs) }
}

/** Of Node's timers. */
const longestTimeoutMs = 2 ** 31 - 1

const limitsOf = ({ isolation, runTimeoutMs }: DetectorOptions): DetectorOptions => ({
  ...(isolation !== undefined && { isolation }),
  ...(runTimeoutMs !== undefined && { runTimeoutMs }),
})

async function openSessions(options: DetectorOptions, preparer: Preparer): Promise<Sessions> {
  const { model = demoCheckpoint, config, device, signal, tiles = 'stored', onTiles } = options
  const choice = checkDevices(device)
  const load = (how: TileChoice): Promise<LoadedModel> =>
    loadModel(
      {
        ...{ model, config, signal },
        tiles: (checkpoint, parsed) =>
          tilesFor({ choice: how, checkpoint, config: parsed, signal, onEvent: onTiles }, preparer),
      },
      preparer,
    )
  // Seconds of measuring are for a CPU that computes, not for one behind NPUs.
  const loaded = await load(tiles === 'measured' && choice !== 'cpu' ? 'stored' : tiles)
  const { format } = loaded.provenance
  const asGiven = { model: loaded, whyNotNpu: null }
  if (format === 'om') {
    return { ...asGiven, pool: await createPool(loaded.source, poolOptions(options, device)) }
  }
  if (choice === 'cpu') return { ...asGiven, pool: await openOnCpu(loaded, options) }
  const forms = (om: string): ModelForms =>
    choice === 'npu+cpu' ? { om, ...modelForms(loaded.source) } : { om }
  const onCpu = async (reason: string): Promise<Sessions> => {
    const measured = tiles === 'measured' ? await load(tiles) : loaded
    return { model: measured, whyNotNpu: reason, pool: await openOnCpu(measured, options) }
  }
  const wanted = choice === 'auto' ? 'if possible' : 'yes'
  if (wanted === 'if possible' && options.isolation !== undefined) {
    return onCpu('isolation is an option of sessions on the CPU')
  }
  const { compile: choices = {}, onCompile: onEvent } = options
  const made = await modelForNpus({ model, config, loaded, wanted, choices, onEvent, signal }, preparer)
  if ('reason' in made) return onCpu(made.reason)
  try {
    const pool = await createPool(
      forms(made.offline.path),
      poolOptions(options, choice === 'auto' ? 'npu' : device),
    )
    return { pool, model: withOffline(loaded, made), whyNotNpu: null }
  } catch (error) {
    if (wanted !== 'if possible' || !saysNoNpu(error)) throw error
    const reason = whyNotNpu(error)
    onEvent?.({ kind: 'not on an NPU', reason })
    return onCpu(reason)
  }
}

/** The ONNX bytes stay at hand: the CPU takes over what no NPU can do. */
function withOffline(loaded: LoadedModel, made: Exclude<NpuModel, { reason: string }>): LoadedModel {
  const { offline, provenance } = made
  return {
    ...loaded,
    provenance: {
      ...loaded.provenance,
      conversion: offline.conversion,
      graphSha256: offline.graphSha256,
      offline: provenance,
    },
  }
}

async function openOnCpu({ source }: LoadedModel, options: DetectorOptions): Promise<SessionPool> {
  const isolation = options.isolation ?? isolationFor(options)
  return createPool(source, {
    ...poolOptions(options, 'cpu'),
    ...(isolation !== undefined && { isolation }),
  })
}

/** A run in a thread cannot be stopped. */
const isolationFor = ({ runTimeoutMs }: DetectorOptions): 'process' | undefined =>
  runTimeoutMs === undefined ? undefined : 'process'

function poolOptions(options: DetectorOptions, device: PoolOptions['device']): PoolOptions {
  const { runTimeoutMs, queueLimit, onFailover, signal } = options
  const sessions = options.sessions ?? (device === 'cpu' ? options.cpuSessions : undefined)
  const isolation = options.isolation ?? (device === 'npu+cpu' ? isolationFor(options) : undefined)
  return {
    ...(device !== undefined && { device }),
    ...(sessions !== undefined && { sessions }),
    ...(isolation !== undefined && { isolation }),
    ...(runTimeoutMs !== undefined && { runTimeoutMs }),
    ...(queueLimit !== undefined && { queueLimit }),
    ...(onFailover && { onFailover }),
    ...(signal && { signal }),
  }
}
