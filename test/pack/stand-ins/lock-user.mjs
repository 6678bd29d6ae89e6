// Takes the lock argv[2], then fails if anybody else holds it too.
import { mkdirSync, rmdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { onlyOne } from '../../../scripts/only-one.mjs'

const lock = process.argv[2]
await onlyOne(
  lock,
  () => console.log('waiting'),
  async () => {
    mkdirSync(`${lock}.inside`)
    await setTimeout(30)
    rmdirSync(`${lock}.inside`)
  },
  { beatMs: 50, abandonedAfterMs: 500 },
)
