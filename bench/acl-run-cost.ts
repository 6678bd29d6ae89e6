/**
 * What a run costs when the model costs nothing: AclSession, a C++ loop that does the same, and OrtSession with an
 * identity model, taking turns on a simulated device that answers at once. `tsx bench/acl-run-cost.ts`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { AclSession, OrtSession } from '../lib'
import { writeOnnx } from '../lib/model/onnx/write'
import { describeMachine, median } from './alternate'
import { Scratch, library, samples } from './npu-model'
import { medianRunUs } from './run-times'

const rounds = 15
const runs = 1000

const identity = writeOnnx(
  {
    name: 'identity',
    opset: 13,
    inputs: [{ name: 'input', dtype: 'float32', shape: [1, samples] }],
    outputs: [{ name: 'output', dtype: 'float32', shape: [1, samples] }],
    nodes: [{ name: 'same', op: 'Identity', inputs: ['input'], outputs: ['output'], attributes: {} }],
    initializers: new Map(),
  },
  { producerName: 'bench', metadata: {} },
)

async function main(): Promise<void> {
  process.env['ACL_SIM_EXEC_US'] = '0'
  const scratch = new Scratch()
  try {
    const om = scratch.compileAasist()
    const peer = spawn(scratch.compilePeer('acl_loop'), [library, om], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface(peer.stdout)
    const loop = async (): Promise<number> => {
      const answer = once(lines, 'line') as Promise<[string]>
      peer.stdin.write(`${runs}\n`)
      return Number((await answer)[0])
    }
    await using npu = await AclSession.create(om, { libraryPath: library })
    await using cpu = await OrtSession.create(identity, { threads: 1 })
    console.log(describeMachine())
    const ratios: { cpp: number; ort: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const [cpp, acl, ort] = [await loop(), await medianRunUs(npu, runs), await medianRunUs(cpu, runs)]
      ratios.push({ cpp: acl / cpp, ort: acl / ort })
      console.log(
        `C++ loop ${cpp.toFixed(1)} us, AclSession ${acl.toFixed(1)} us, OrtSession ${ort.toFixed(1)} us a run`,
      )
    }
    const ofCpp = median(ratios.map(({ cpp }) => cpp))
    const ofOrt = median(ratios.map(({ ort }) => ort))
    console.log(
      `AclSession takes ${ofCpp.toFixed(2)} times the C++ loop's time, and ${ofOrt.toFixed(2)} times OrtSession's (medians of ${rounds} rounds)`,
    )
    peer.stdin.end()
  } finally {
    scratch.remove()
  }
}

void main()
