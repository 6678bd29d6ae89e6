// A lock between processes. The holder touches its file again and again; one that stays untouched has lost its holder,
// whether that was killed, in another container, or on a machine that was switched off.
import { randomUUID } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { setTimeout } from 'node:timers/promises'

const lookAgainMs = 100

function unless(code, action) {
  try {
    return action()
  } catch (error) {
    if (error.code !== code) throw error
    return undefined
  }
}

function takeAway(file, lastBeat) {
  const aside = `${file}.${randomUUID()}`
  unless('ENOENT', () => {
    renameSync(file, aside)
    // Another process may have been quicker, and this is its new lock: give it back.
    if (statSync(aside).mtimeMs !== lastBeat) unless('EEXIST', () => linkSync(aside, file))
    unlinkSync(aside)
  })
}

async function acquire(file, token, abandonedAfterMs, onWait) {
  let lastBeat
  let seenAt
  for (;;) {
    const taken = unless('EEXIST', () => {
      writeFileSync(file, token, { flag: 'wx' })
      return true
    })
    if (taken) return
    if (seenAt === undefined) onWait()
    const beat = unless('ENOENT', () => statSync(file).mtimeMs)
    if (beat !== lastBeat || seenAt === undefined) seenAt = performance.now()
    else if (performance.now() - seenAt > abandonedAfterMs) takeAway(file, beat)
    lastBeat = beat
    await setTimeout(lookAgainMs)
  }
}

/** Runs `action` while no other process runs one under the same file. */
export async function onlyOne(file, onWait, action, { beatMs = 1000, abandonedAfterMs = 10_000 } = {}) {
  const token = randomUUID()
  mkdirSync(dirname(file), { recursive: true })
  await acquire(file, token, abandonedAfterMs, onWait)
  const beating = setInterval(() => unless('ENOENT', () => utimesSync(file, new Date(), new Date())), beatMs)
  try {
    return await action()
  } finally {
    clearInterval(beating)
    if (unless('ENOENT', () => readFileSync(file, 'utf8')) === token) unlinkSync(file)
  }
}
