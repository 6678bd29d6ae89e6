/**
 * Runs in a process of its own: `library-probe <model> <libraryPath> [platform]`. Prints what happened as JSON. With a
 * model in ONNX it says what device a session of both forms gets where the offline form is missing. The device is that of
 * AASIST_PROBE_DEVICE, or the first.
 */
import { AclSession, createSession } from '../../lib/session'
import type { Feeds } from '../../lib/session'
import { probeNpus } from '../../lib/session/devices'

const [model = '', libraryPath = '', platform] = process.argv.slice(2)
if (platform !== undefined) Object.defineProperty(process, 'platform', { value: platform })

const feeds: Feeds = {
  x: { type: 'float32', dims: [1], data: Float32Array.of(1) },
  rounds: { type: 'int64', dims: [], data: BigInt64Array.of(1n) },
}

async function main(): Promise<object> {
  const options = libraryPath === '' ? {} : { libraryPath }
  try {
    if (model.endsWith('.onnx')) {
      await using either = await createSession({ om: 'none.om', onnx: model }, { ...options, threads: 1 })
      return { device: either.device.kind }
    }
    const device = Number(process.env['AASIST_PROBE_DEVICE'] ?? 0)
    const session = await AclSession.create(model, { ...options, device })
    await session.run(feeds)
    await session.run(feeds, undefined, { timeoutMs: 10_000 })
    await session.release()
    return { library: (await probeNpus(libraryPath)).library }
  } catch (error) {
    const { code, message, detail } = error as { code?: string; message: string; detail?: object }
    return { code, message, detail }
  }
}

void main().then(facts => process.stdout.write(`${JSON.stringify(facts)}\n`))
