// Scores every WAV and FLAC file of a folder into a file of JSON lines. Ctrl-C keeps what is done; started again, it
// goes on where it was.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Detector } from 'aasist-ascend'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'scores.jsonl' }, model: { type: 'string' } },
})
const [folder] = positionals
if (folder === undefined) {
  console.error('usage: node score-folder.mjs FOLDER [--out scores.jsonl] [--model AASIST-L.pth]')
  process.exit(2)
}

const found = await readdir(folder, { recursive: true }).catch(error => {
  console.error(`cannot read ${folder}: ${error.message}`)
  process.exit(1)
})
const names = found.filter(name => /\.(wav|flac)$/i.test(name)).sort()
const out = await open(values.out, 'a+')
const text = await out.readFile('utf8')
// A run that was killed may have left half a line.
const whole = text.slice(0, text.lastIndexOf('\n') + 1)
await out.truncate(Buffer.byteLength(whole))
const scored = new Set(whole.split('\n').map(line => line && JSON.parse(line).file))

// With its place in the whole list a clip has the same score as in a run that was never interrupted.
const total = names.length
const left = names
  .map((name, position) => ({ name, file: join(folder, name), position, total }))
  .filter(({ name }) => !scored.has(name))
console.error(`${left.length} of ${total} files to score`)

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const detector = await Detector.load({ model: values.model })
try {
  let next = 0
  const onProgress = ({ done, failed }) => console.error(`${done} of ${left.length} done, ${failed} failed`)
  // In the order of the files, whichever is ready first; a bad file gives an error and does not end the loop.
  for await (const result of detector.scoreFiles(left, { signal: stop.signal, onProgress })) {
    const { score, decision, device, error } = result
    const line = error ? { error: { code: error.code, message: error.message } } : { score, decision, device }
    await out.appendFile(`${JSON.stringify({ file: left[next++].name, ...line })}\n`)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  console.error('stopped; start it again to go on')
  process.exitCode = 130
} finally {
  await detector.release()
  await out.close()
}
