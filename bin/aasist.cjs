#!/usr/bin/env node
// npx links a checkout's command once, and only to a file that is there: dist/cli/main.js may come later.
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const command = join(__dirname, '..', 'dist', 'cli', 'main.js')
if (existsSync(command)) require(command)
else {
  console.error('aasist: this checkout is not built yet; npm run build does that')
  process.exitCode = 1
}
