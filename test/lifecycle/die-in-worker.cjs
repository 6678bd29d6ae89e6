// Preloaded with --require: the first worker thread that computes ends half a second after its start, between two runs.
const { existsSync, writeFileSync } = require('node:fs')
const { setTimeout } = require('node:timers')
const { isMainThread } = require('node:worker_threads')

const marker = process.env.DIE_ONCE_MARKER
if (!isMainThread && !existsSync(marker)) {
  setTimeout(() => {
    writeFileSync(marker, '')
    process.exit(7)
  }, 500)
}
