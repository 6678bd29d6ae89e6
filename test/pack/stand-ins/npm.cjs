// Stands in for npm in the tests of set-up: notes how it was called, and installs what the lockfile lists as folders
// with nothing but a version, the compiler being the one beside this file.
const {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} = require('node:fs')
const { join } = require('node:path')

appendFileSync('calls.txt', `npm ${process.argv.slice(2).join(' ')}\n`)
rmSync('node_modules', { recursive: true, force: true })

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const path of Object.keys(packages).filter(path => path !== '' && path !== process.env.NPM_LEAVES_OUT)) {
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ version: packages[path].version }))
}
mkdirSync('node_modules/typescript/bin')
copyFileSync(join(__dirname, 'tsc.cjs'), 'node_modules/typescript/bin/tsc')

if (process.env.NPM_DOES === 'fail') process.exit(1)
if (process.env.NPM_DOES === 'wait') {
  writeFileSync('npm-waits.txt', `${process.pid}`)
  const moment = new Int32Array(new SharedArrayBuffer(4))
  while (!existsSync('npm-goes-on.txt')) Atomics.wait(moment, 0, 0, 20)
}
writeFileSync('node_modules/.package-lock.json', '{}')
