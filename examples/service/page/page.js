// Takes a file or a recording, sends it, shows what comes back.
const element = id => document.getElementById(id)
const [drop, file, record, cancel, status] = ['drop', 'file', 'record', 'cancel', 'status'].map(element)

const hopSeconds = 1
const longestRecordingSeconds = 60

/** What can be stopped now: a recording, or a request. */
let recording = null
let request = null

function say(text, kind = '') {
  status.textContent = text
  status.className = kind
}

function showBusy() {
  cancel.hidden = recording === null && request === null
  record.textContent = recording === null ? 'Record from the microphone' : 'Stop and score'
  record.setAttribute('aria-pressed', String(recording !== null))
}

async function score(blob, name) {
  request?.abort()
  const own = new AbortController()
  request = own
  showBusy()
  say(`Scoring ${name} …`)
  try {
    const form = new FormData()
    form.append('file', blob, 'recording')
    const response = await fetch(`v1/score?hopSeconds=${hopSeconds}`, {
      method: 'POST',
      body: form,
      signal: own.signal,
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(`${answer.message} (${answer.code})`)
    show(answer, blob, name)
    say('Done.')
  } catch (error) {
    // Whatever replaced this request says so itself.
    if (request !== own) return
    if (own.signal.aborted) say('Cancelled.')
    else say(error instanceof TypeError ? 'The service cannot be reached.' : error.message, 'failed')
  } finally {
    if (request === own) request = null
    showBusy()
  }
}

const decisions = { bonafide: 'Genuine', spoof: 'Spoofed' }
const decisionText = decision => decisions[decision] ?? 'No decision'
const seconds = value => `${value.toFixed(2)} s`

function show(answer, blob, name) {
  element('of').textContent = name
  element('decision').textContent = decisionText(answer.decision)
  element('decision').className = answer.decision ?? 'unknown'
  element('score').textContent = `${answer.score.toFixed(3)} (higher is more genuine)`
  element('threshold').textContent =
    answer.threshold === null ? 'none: a score alone decides nothing' : thresholdText(answer)
  element('duration').textContent = seconds(answer.durationSeconds)
  const { device } = answer
  element('device').textContent = device.kind === 'npu' ? `NPU ${device.id} (${device.socName})` : 'CPU'
  element('warnings').replaceChildren(...answer.warnings.map(({ message }) => make('li', message)))
  const player = element('player')
  URL.revokeObjectURL(player.src)
  player.src = URL.createObjectURL(blob)
  showWindows(answer)
  element('result').hidden = false
  element('result').focus()
}

const thresholdText = ({ threshold, thresholdSource }) =>
  thresholdSource === null ? threshold.toFixed(3) : `${threshold.toFixed(3)} (${thresholdSource})`

function make(name, text) {
  const made = document.createElement(name)
  made.textContent = text
  return made
}

/** A bar a window: as wide as the part of the recording it begins, as high as its score. */
function showWindows({ windows, threshold, durationSeconds }) {
  element('timeline').hidden = windows === null || windows.length === 0
  if (element('timeline').hidden) return
  // Null is the score of silence.
  const heard = windows.map(({ score: value }) => value).filter(value => value !== null)
  const scores = heard.length === 0 ? [0] : heard.concat(threshold ?? [])
  const lowest = Math.min(...scores)
  const range = Math.max(...scores) - lowest || 1
  // A tenth of the height for the lowest score, which would have none.
  const height = value => (value === null ? 3 : 10 + (85 * (value - lowest)) / range)
  const bars = windows.map((window, index) => {
    const endSeconds = windows[index + 1]?.startSeconds ?? durationSeconds
    const bar = draw('rect', {
      x: window.startSeconds,
      width: Math.max(endSeconds - window.startSeconds, 0) * 0.94,
      y: 100 - height(window.score),
      height: height(window.score),
      class: window.decision ?? 'unknown',
    })
    bar.append(Object.assign(draw('title', {}), { textContent: windowText(window) }))
    return bar
  })
  const y = 100 - height(threshold ?? lowest)
  const line = draw('line', { x1: 0, x2: durationSeconds, y1: y, y2: y })
  const chart = element('chart')
  chart.setAttribute('viewBox', `0 0 ${durationSeconds} 100`)
  const spoofed = windows.filter(({ decision }) => decision === 'spoof').length
  chart.setAttribute('aria-label', `${windows.length} windows, ${spoofed} of them below the threshold`)
  chart.replaceChildren(...bars, ...(threshold === null ? [] : [line]))
  element('chart-end').textContent = seconds(durationSeconds)
  element('windows').replaceChildren(
    ...windows.map(({ startSeconds, endSeconds, score: value, decision }) => {
      const row = document.createElement('tr')
      const cells = [seconds(startSeconds), seconds(endSeconds), scoreText(value), decisionText(decision)]
      row.append(...cells.map(text => make('td', text)))
      return row
    }),
  )
}

const scoreText = value => (value === null ? 'silence' : value.toFixed(3))

const windowText = ({ startSeconds, endSeconds, score: value, decision }) =>
  `${seconds(startSeconds)} to ${seconds(endSeconds)}: ${scoreText(value)}, ${decisionText(decision).toLowerCase()}`

function draw(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

/** Samples as they come, not MediaRecorder's Opus: the service reads WAV and FLAC, and a codec would change the score. */
async function startRecording() {
  // Made for calls, and heard by the model.
  const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...processing } })
  const context = new AudioContext()
  const blocks = []
  let ended
  const end = new Promise(resolve => (ended = resolve))
  try {
    await context.audioWorklet.addModule('capture.js')
  } catch (error) {
    for (const track of stream.getTracks()) track.stop()
    await context.close()
    throw error
  }
  const capture = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0, channelCount: 1 })
  capture.port.onmessage = ({ data }) => (data === 'end' ? ended() : blocks.push(data))
  context.createMediaStreamSource(stream).connect(capture)
  const beganAtMs = performance.now()
  const told = setInterval(() => {
    const passed = Math.floor((performance.now() - beganAtMs) / 1000)
    if (passed >= longestRecordingSeconds) void stopAndScore()
    else say(`Recording … ${passed} s`)
  }, 250)
  return {
    async stop() {
      clearInterval(told)
      capture.port.postMessage('stop')
      await end
      for (const track of stream.getTracks()) track.stop()
      await context.close()
      return wavOf(blocks, context.sampleRate)
    },
  }
}

/** 16 bits, one channel. */
function wavOf(blocks, sampleRateHz) {
  const length = blocks.reduce((sum, block) => sum + block.length, 0)
  const view = new DataView(new ArrayBuffer(44 + 2 * length))
  const ascii = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)))
  ascii(0, 'RIFF')
  view.setUint32(4, 36 + 2 * length, true)
  ascii(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRateHz, true)
  view.setUint32(28, 2 * sampleRateHz, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  ascii(36, 'data')
  view.setUint32(40, 2 * length, true)
  let at = 44
  for (const block of blocks) {
    for (const sample of block) {
      view.setInt16(at, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true)
      at += 2
    }
  }
  return new Blob([view.buffer], { type: 'audio/wav' })
}

async function stopAndScore() {
  const stopped = recording
  if (stopped === null) return
  recording = null
  showBusy()
  await score(await stopped.stop(), 'Recording from the microphone')
}

let isAsking = false
record.addEventListener('click', async () => {
  if (recording !== null) return stopAndScore()
  // Not `disabled`, which would take the focus away from whoever uses the keyboard.
  if (isAsking) return
  isAsking = true
  say('Waiting for the microphone …')
  try {
    recording = await startRecording()
    say('Recording …')
  } catch (error) {
    say(`There is no microphone to record from: ${error.message}`, 'failed')
  } finally {
    isAsking = false
    showBusy()
  }
})

cancel.addEventListener('click', async () => {
  const dropped = recording
  recording = null
  request?.abort()
  await dropped?.stop()
  if (dropped !== null) say('Cancelled.')
  showBusy()
  record.focus()
})

file.addEventListener('change', () => {
  const [chosen] = file.files
  if (chosen !== undefined) void score(chosen, chosen.name)
  // So that the same file can be chosen again.
  file.value = ''
})

// A file that misses the field would replace the page.
for (const type of ['dragover', 'drop']) window.addEventListener(type, event => event.preventDefault())
for (const type of ['dragenter', 'dragover']) drop.addEventListener(type, () => drop.classList.add('over'))
for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'))
drop.addEventListener('drop', event => {
  const [dropped] = event.dataTransfer.files
  if (dropped !== undefined) void score(dropped, dropped.name)
})
