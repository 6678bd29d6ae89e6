// Scores every audio file below a folder into a file of JSON lines. Started again it goes on where it was.
//   node score-folder.mjs <folder> <results.jsonl> [model]
import { open, readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Detector } from 'aasist-ascend'

const [folder, resultsPath, model] = process.argv.slice(2)
if (folder === undefined || resultsPath === undefined) {
  console.error('usage: node score-folder.mjs <folder> <results.jsonl> [model.pth | .onnx | .om]')
  process.exit(2)
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) {
  process.once(name, () => stop.abort(new Error(`stopped by ${name}`)))
}

const entries = await readdir(folder, { recursive: true })
const audio = entries.filter(name => ['.wav', '.flac'].includes(extname(name).toLowerCase())).sort()

// What an earlier run has written. A line that a kill or a power cut has torn has no end, and is cut off.
const earlier = await readFile(resultsPath, 'utf8').catch(error => {
  if (error.code === 'ENOENT') return ''
  throw error
})
const whole = earlier.slice(0, earlier.lastIndexOf('\n') + 1)
const done = new Set(
  whole
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line).file),
)
const todo = audio.filter(name => !done.has(name))
if (done.size > 0) console.error(`${done.size} of ${audio.length} were scored before`)

const results = await open(resultsPath, 'a')
await results.truncate(Buffer.byteLength(whole))
const detector = await Detector.load({ ...(model && { model }), signal: stop.signal })
let failed = 0
try {
  const paths = todo.map(name => join(folder, name))
  let index = 0
  for await (const result of detector.scoreFiles(paths, { signal: stop.signal })) {
    const file = todo[index++]
    const { error, score, decision, device } = result
    if (error) failed += 1
    const line = error ? { file, error: error.code } : { file, score, decision, device: device.kind }
    await results.write(`${JSON.stringify(line)}\n`)
    if (index % 10 === 0 || index === todo.length) console.error(`${index} of ${todo.length}`)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  console.error(`${stop.signal.reason.message}; the same command goes on from here`)
  process.exitCode = 130
} finally {
  await detector.release()
  await results.close()
}
if (failed > 0) {
  console.error(`${failed} files could not be scored; their lines say why`)
  process.exitCode ||= 1
}
