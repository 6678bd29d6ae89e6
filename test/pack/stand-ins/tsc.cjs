// Stands in for tsc in the tests of set-up: notes the call and copies sources. `error` in one is a type error.
const { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')

appendFileSync('calls.txt', 'tsc\n')
const sources = readdirSync('lib', { recursive: true }).filter(path => path.endsWith('.ts'))
const text = path => readFileSync(join('lib', path), 'utf8')
if (sources.some(path => text(path).includes('error'))) process.exit(2)

for (const path of sources) {
  const stem = join('dist', path.slice(0, -'.ts'.length))
  mkdirSync(dirname(stem), { recursive: true })
  for (const extension of ['.js', '.js.map', '.d.ts', '.d.ts.map'])
    writeFileSync(stem + extension, text(path))
}
if (process.env.TSC_DOES === 'see an edit') appendFileSync('lib/index.ts', '// edited\n')
