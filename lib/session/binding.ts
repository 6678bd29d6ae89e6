/**
 * The one place that touches the add-on: finds it, and says what it is like. Nothing is loaded before the first call,
 * so that a package without add-on, or a machine without CANN, can still import everything.
 */
import { existsSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { SessionError, errorMessage } from '../errors'

// Bundlers follow calls of this with a literal; what is looked for when the program runs goes by `requireFile`.
declare const require: NodeJS.Require
const requireFile = createRequire(__filename)

/** A shape as AscendCL has it: -1 where the size is up to the caller. */
export type NativeDims = readonly number[]

export interface NativeTensor {
  readonly name: string
  /** aclDataType. */
  readonly type: number
  readonly dims: NativeDims
  /** Size of its buffer; 0 where the model sets no limit. */
  readonly bytes: number
}

/** How the shapes of a model's inputs may vary: not at all, by gears of three kinds, or freely. */
export type Dynamics = 'static' | 'batch' | 'image' | 'dims' | 'shape'

export interface NativeModel {
  /** Path of the AscendCL library, as the dynamic linker names it. */
  readonly library: string
  readonly socName: string
  /** Device and pinned memory of the session, without the model's own. */
  readonly bytes: number
  readonly dynamics: Dynamics
  readonly inputs: readonly NativeTensor[]
  readonly outputs: readonly NativeTensor[]
  readonly gears: readonly {
    readonly inputs: readonly NativeDims[]
    readonly outputs: readonly NativeDims[]
  }[]
}

export interface AclFailure {
  readonly kind: 'acl'
  readonly call: string
  readonly aclError: number
  /** Name in CANN's headers; empty for a code they do not have. */
  readonly aclName: string
  readonly aclClass: AclErrorClass
  /** What AscendCL says; may be empty. */
  readonly aclMessage: string
  /** How many NPUs this process may use, where one could not be opened. */
  readonly visibleDevices?: number
}

export type AclErrorClass =
  | 'none'
  | 'usage'
  | 'notInitialised'
  | 'context'
  | 'outOfMemory'
  | 'resourceExhausted'
  | 'unsupported'
  | 'deviceOpen'
  | 'timeout'
  | 'deviceFault'
  | 'other'

export type NativeFailure =
  | AclFailure
  | { readonly kind: 'internal'; readonly message: string }
  | {
      readonly kind: 'libraryNotFound'
      readonly tried: readonly { readonly path: string; readonly reason: string }[]
    }
  | { readonly kind: 'symbolMissing'; readonly path: string; readonly missing: readonly string[] }
  | { readonly kind: 'otherLibraryLoaded'; readonly path: string }
  | { readonly kind: 'deadline' }

export type NativeEvent =
  | ({ readonly kind: 'opened' } & NativeModel)
  /** It could not be opened; `closed` follows. */
  | { readonly kind: 'failed'; readonly failure: NativeFailure }
  /** `fatal`: the device's state is unknown, and the session executes nothing any more. */
  | {
      readonly kind: 'runFailed'
      readonly id: number
      readonly failure: NativeFailure
      readonly fatal: boolean
    }
  /** Everything is given back, or left behind because the device may still be using it. The last event. */
  | { readonly kind: 'closed'; readonly leftBehind: boolean }

export interface NativeSessionOptions {
  readonly library: string
  readonly device: number
  /** A path, or bytes, which are copied before the constructor returns. */
  readonly model: string | Uint8Array
  readonly outputBytes: Readonly<Record<string, number>>
  /** How long the end of the environment waits for this session's threads. */
  readonly exitWaitMs: number
}

export interface NativeSession {
  onEvent: (event: NativeEvent) => void
  /**
   * A run's outputs in the order of its `fetches`. `dims` are there for models of open shapes only. Plain arguments,
   * because an object with names costs as much as a short run. An output there was no memory for is undefined.
   */
  onResult: (
    id: number,
    data: readonly (ArrayBuffer | undefined)[],
    dims: readonly NativeDims[] | undefined,
    ...times: [queueMs: number, copyInMs: number, executeMs: number, copyOutMs: number, executeAtMs: number]
  ) => void
  /**
   * Copies the inputs before it returns. `dims` matter for models of open shapes only. `timeoutMs` 0: none. False when
   * the session is closed, which `leave` does as well; throws when there is no memory for the copies, and with the
   * code `INPUT_TYPE` when the bytes are not as many as the shapes need.
   */
  run(
    id: number,
    gear: number,
    inputs: readonly Uint8Array[],
    dims: readonly NativeDims[],
    fetches: readonly number[],
    timeoutMs: number,
  ): boolean
  /**
   * Takes a run back; then it is not heard of again. `copying`: a call into AscendCL is copying its inputs, and nothing
   * else is begun before that returns. Too late for that: `executing`, and `ending`, whose results are on their way.
   */
  drop(id: number): 'dropped' | 'copying' | 'executing' | 'ending'
  /** Whether a call into AscendCL is copying this run's inputs, be it dropped or not. */
  isCopyingIn(id: number): boolean
  /** Runs that are executing, or executed and on their way back. */
  begun(): number
  /** Whether it takes no runs any more, be it closed or left. */
  isStopped(): boolean
  /** Drops what has not begun; `closed` comes when everything is given back. */
  close(): void
  /** No further events: a native call does not return. */
  abandon(): void
  /** Hands over events that have arrived, without the event loop being woken for them. */
  poll(): void
  /** While it is polled, events wait for `poll`. */
  setPolled(polled: boolean): void
  /** Whether the session keeps the event loop alive; at first it does. */
  keepAlive(): void
  letGo(): void
}

export interface NativeProbe {
  readonly library: string
  readonly devices: number
  readonly socName: string
  readonly aclVersion: string
}

export interface NativeAddon {
  readonly Session: new (options: NativeSessionOptions) => NativeSession
  probe(library: string): Promise<NativeProbe | { readonly failure: NativeFailure }>
  describeError(code: number): { readonly aclName: string; readonly aclClass: AclErrorClass }
  /** Bytes outside its heap that V8 has been told of. */
  externalMemory(): number
  /** Ends all sessions of this thread and waits for them; how many did not end in time. */
  leave(): number
}

/** Path of the add-on's file, for those whose packer moves files. */
const addonVariable = 'AASIST_ADDON'
const packageFolder = resolve(__dirname, '..', '..')

/** Prebuilt add-ons of the package, each behind a `require` that bundlers see. */
const prebuilt: Readonly<Record<string, () => unknown>> = {
  'linux-x64': () => require('../../prebuilds/linux-x64/aasist-ascend.glibc.node') as unknown,
  'linux-arm64': () => require('../../prebuilds/linux-arm64/aasist-ascend.glibc.node') as unknown,
}

/** In a checkout, what was compiled last; prebuilds made there once would hide every later change. */
const compiled = join(packageFolder, 'build', 'Release', 'ascend_addon.node')

function buildOfCheckout(): unknown {
  const load = require('node-gyp-build') as (folder: string) => unknown
  return load(packageFolder)
}

function notInstead(): never {
  throw new Error('not taken in place of what was compiled here, whose sources may be others')
}

function unsupported(): SessionError | undefined {
  const target = `${process.platform}-${process.arch}`
  const needs =
    'the NPU back end needs Linux on x64 or arm64 with glibc, because CANN exists for nothing else'
  if (!Object.hasOwn(prebuilt, target)) {
    return new SessionError('UNSUPPORTED_PLATFORM', `${needs}; this is ${target}`, { target })
  }
  return undefined
}

/** musl is found out late: the report behind it takes some milliseconds. */
function runsOnMusl(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime === undefined
}

function find(): NativeAddon {
  const refusal = unsupported()
  if (refusal !== undefined) throw refusal
  const target = `${process.platform}-${process.arch}`
  const given = process.env[addonVariable]
  const prebuild = `prebuilds/${target} of the package`
  const places: readonly (readonly [string, () => unknown])[] =
    given !== undefined && given !== ''
      ? [[`${addonVariable}=${given}`, () => requireFile(resolve(given)) as unknown]]
      : existsSync(compiled)
        ? [
            [compiled, () => requireFile(compiled) as unknown],
            [prebuild, notInstead],
          ]
        : [
            [prebuild, prebuilt[target]!],
            [`build/Release of ${packageFolder}`, buildOfCheckout],
          ]
  const tried: { place: string; reason: string }[] = []
  for (const [place, load] of places) {
    try {
      return load() as NativeAddon
    } catch (error) {
      const [reason = ''] = errorMessage(error).split('\n')
      tried.push({ place, reason })
    }
  }
  if (runsOnMusl()) {
    throw new SessionError(
      'UNSUPPORTED_PLATFORM',
      'the NPU back end needs glibc, as CANN itself does, and this system has another C library (Alpine?); use an image of Debian, Ubuntu, openEuler or Kylin',
      { target, libc: 'not glibc' },
    )
  }
  throw new SessionError(
    'ADDON_NOT_FOUND',
    `the add-on for Ascend NPUs could not be loaded. Tried: ${tried.map(({ place, reason }) => `${place} (${reason})`).join('; ')}. ` +
      `In a checkout, build it with: npm run build:native. In an installed package, install it again; where a packer moves files, name the .node file in ${addonVariable}`,
    { target, tried },
  )
}

let addon: NativeAddon | undefined

/** Runs inside `process.on('exit')`: the last moment at which JavaScript runs, and it may block. */
function leave(): void {
  const left = addon?.leave() ?? 0
  if (left === 0) return
  try {
    writeSync(
      2,
      `aasist-ascend: ${left} session(s) or probe(s) did not end in time, because a call into AscendCL does not return; leaving without them\n`,
    )
  } catch {
    // Nobody reads it.
  }
}

/** @throws SessionError `UNSUPPORTED_PLATFORM`, `ADDON_NOT_FOUND` */
export function loadAddon(): NativeAddon {
  if (addon === undefined) {
    addon = find()
    process.on('exit', leave)
  }
  return addon
}
