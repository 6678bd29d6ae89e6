// Sends one clip again and again with more and more connections, and prints what comes back: node load.mjs CLIP [ADDRESS]
import { readFile } from 'node:fs/promises'
import autocannon from 'autocannon'

const [clip, address = 'http://127.0.0.1:8080'] = process.argv.slice(2)
if (clip === undefined) {
  console.error('usage: node load.mjs CLIP.wav [http://127.0.0.1:8080]')
  process.exit(2)
}
const boundary = 'of-the-load'
const body = Buffer.concat([
  Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="clip"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  ),
  await readFile(clip),
  Buffer.from(`\r\n--${boundary}--\r\n`),
])

console.log('connections  scored/s  p50 ms  p99 ms  scored  refused (429)  other')
for (const connections of [1, 2, 4, 8, 16, 64]) {
  const result = await autocannon({
    url: `${address}/v1/score`,
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body,
    connections,
    duration: 20,
    timeout: 60,
  })
  const { latency, duration, statusCodeStats: answers } = result
  const scored = answers['200']?.count ?? 0
  const refused = answers['429']?.count ?? 0
  // Of all answers: with refusals among them, times say little of the scored ones.
  const times = refused === 0 ? [latency.p50, latency.p99] : ['-', '-']
  const others = result['4xx'] + result['5xx'] - refused + result.errors
  const cells = [connections, (scored / duration).toFixed(1), ...times, scored, refused, others]
  const widths = [11, 8, 6, 6, 6, 13, 5]
  console.log(cells.map((cell, index) => String(cell).padStart(widths[index])).join('  '))
}
