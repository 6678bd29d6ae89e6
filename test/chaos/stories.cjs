// What happens to a detector whose process runs short of something: `stories <story> <package> <checkpoint> <large file>
// <clip>...`. Prints one line of JSON.
const { execFileSync } = require('node:child_process')
const { closeSync, openSync, readFileSync } = require('node:fs')

const [story, packagePath, model, largeFile, ...clips] = process.argv.slice(2)
const { Detector } = require(packagePath)

async function outcomes(detector, paths) {
  const found = []
  for await (const { score, error } of detector.scoreFiles(paths)) {
    found.push(error === undefined ? score : [error.code, error.detail.systemCode ?? null])
  }
  return found
}

/** Opens files until the system refuses. */
function takeAllDescriptors() {
  const taken = []
  for (;;) {
    try {
      taken.push(openSync('/dev/null'))
    } catch {
      return taken
    }
  }
}

const addressBytes = () =>
  Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024

/** The soft limit alone, which may be lifted again. */
const limitAddresses = limit => execFileSync('prlimit', ['--pid', String(process.pid), `--as=${limit}:`])

const stories = {
  async descriptors(detector) {
    const taken = takeAllDescriptors()
    const during = await outcomes(detector, clips)
    const fromMemory = (
      await detector.score({ samples: new Float32Array(24_000).fill(0.1), sampleRateHz: 16_000 })
    ).score
    for (const descriptor of taken) closeSync(descriptor)
    return { during, fromMemory }
  },
  async memory(detector) {
    limitAddresses(addressBytes() + 20e6)
    const during = await outcomes(detector, [clips[0], largeFile, clips[1]])
    limitAddresses('unlimited')
    return { during }
  },
}

async function main() {
  const detector = await Detector.load({ model })
  const before = await outcomes(detector, clips)
  const told = await stories[story](detector)
  const after = await outcomes(detector, clips)
  await detector.release()
  console.log(JSON.stringify({ before, ...told, after }))
}

void main()
