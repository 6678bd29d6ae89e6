/** How commands speak: results on stdout, everything else on stderr. */
import { styleText } from 'node:util'
import { SingleBar } from 'cli-progress'
import type { Progress } from '../scoring'

/** One line of results. */
export function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value))
}

/** In colour where the stream's terminal has some, and nobody has forbidden them (NO_COLOR, TERM=dumb). */
export function coloured(
  colour: 'green' | 'yellow' | 'red',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return stream.isTTY && stream.hasColors() ? styleText(colour, text) : text
}

/** One line that is not a result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** `1 file`, `2 files`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`
}

const controlCharacter = /[\p{Cc}\u2028\u2029]/gu

/** A name on one line: names may hold line breaks, and escape sequences that a terminal would obey. */
export function printable(name: string): string {
  return name.replace(controlCharacter, character => {
    const escaped = JSON.stringify(character).slice(1, -1)
    return escaped === character ? `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}` : escaped
  })
}

/** What is to be said about something, with its name in front where the sentence does not hold it already. */
export function about(name: string, message: string): string {
  const [shown, said] = [printable(name), printable(message)]
  return said.includes(shown) ? said : `${shown}: ${said}`
}

export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60]
  const parts =
    hours > 0
      ? [`${hours} h`, `${minutes} min`]
      : minutes > 0
        ? [`${minutes} min`, `${whole % 60} s`]
        : [`${whole} s`]
  return parts.join(' ')
}

export function formatProgress(progress: Progress): string {
  const { done, total, failed, clipsPerSecond, remainingSeconds } = progress
  const left = remainingSeconds === null ? '' : `, ${formatDuration(remainingSeconds)} left`
  const failures = failed === 0 ? '' : `, ${failed} failed`
  return `${done} of ${total} clips, ${clipsPerSecond.toFixed(1)} a second${left}${failures}`
}

/** Beside results on the same terminal a bar would only be in the way, and where nobody looks at one, so would its lines. */
export function showProgressOfResults(): ProgressDisplay {
  const isSeen = process.stderr.isTTY && !process.stdout.isTTY
  return isSeen ? showProgress() : { update: () => undefined, note, stop: () => undefined }
}

export interface ProgressDisplay {
  update(progress: Progress): void
  /** One line of its own on stderr, which the bar makes room for. */
  note(line: string): void
  stop(): void
}

/** Between plain lines; a log of a day's run stays readable. */
const plainIntervalSeconds = 10

/** A bar on a terminal; elsewhere a plain line now and then, so that logs hold no control characters. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): ProgressDisplay {
  if (stream.isTTY) {
    const bar = new SingleBar({
      format: '{bar} {text}',
      stream,
      clearOnComplete: true,
      noTTYOutput: false,
    })
    let started = false
    return {
      update(progress) {
        const text = formatProgress(progress)
        if (!started) bar.start(progress.total, 0, { text })
        started = true
        bar.update(progress.done, { text })
      },
      note(line) {
        if (started) stream.write('\r\u001b[K')
        note(line)
      },
      stop: () => bar.stop(),
    }
  }
  let nextSeconds = plainIntervalSeconds
  return {
    update(progress) {
      if (progress.elapsedSeconds < nextSeconds && progress.done < progress.total) return
      nextSeconds = progress.elapsedSeconds + plainIntervalSeconds
      stream.write(`${formatProgress(progress)}\n`)
    },
    note,
    stop: () => undefined,
  }
}
