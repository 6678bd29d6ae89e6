import { setImmediate } from 'node:timers/promises'
import type { AsvOperatingPoint } from './asv'
import { bootstrapSettings, type BootstrapOptions } from './bootstrap-options'
import { cllrOfNats, natsOfTrials } from './cllr'
import { percentileInterval, type ConfidenceInterval } from './percentile'
import { rankSorted } from './ranking'
import { attackRatesOf, ratesOf } from './rates'
import { placesOf, Resample, seededRandom } from './resample'
import type { ScoresToSummarize } from './summary'
import { tandemOf } from './tandem'
import { classesOf, reasonOfMissingClass, type TrialClasses } from './trial-classes'

/** Longest stretch of work before other callbacks get a turn; single steps take up to 2 ms for 71,237 trials. */
const SLICE_MS = 5

/** Intervals of the figures of `MetricsSummary`, by the same names and in the same units. */
export interface ConfidenceIntervals {
  readonly eer: ConfidenceInterval
  readonly eerTieProper: ConfidenceInterval
  readonly minTdcf: ConfidenceInterval
  readonly minTdcfV2: ConfidenceInterval
  readonly minDcf: ConfidenceInterval
  readonly actDcf: ConfidenceInterval
  readonly cllr: ConfidenceInterval
  readonly perAttack: Readonly<Record<string, AttackIntervals>>
  readonly replicates: number
  readonly level: number
  readonly seed: number
}

export interface AttackIntervals {
  readonly eer: ConfidenceInterval
  readonly minTdcf: ConfidenceInterval
}

/**
 * Percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13) of the metrics of
 * `summarizeScores`. A replicate draws as many bona fide trials as have a score, with replacement, and as many spoof
 * trials from all attacks together; an attack gets those of its trials that are drawn, and all bona fide trials drawn.
 * Of the replicates' values, the interval leaves (1 − level) / 2 out at either end, percentiles interpolated linearly
 * between the two nearest values (numpy's default). The ASV operating point stays as it is.
 *
 * An interval is null exactly where the figure is, with one exception: a replicate that draws no trial of an attack
 * says nothing about it and is left out for that attack alone, and should that be every one (a rare attack, a handful
 * of replicates), its intervals are null.
 *
 * The same trials in any order, options and seed give the same numbers on every machine. The work is done in slices of
 * some milliseconds, between which other callbacks of the event loop run; only sorting the trials at the start is one
 * piece (15 ms for 71,237).
 *
 * @throws ArgumentRangeError, ArgumentTypeError `INVALID_ARGUMENT`, `UNKNOWN_OPTION` for the options
 * @throws MetricsError `METRICS_INVALID` as for `summarizeScores`
 */
export async function bootstrapIntervals(
  { trials, asv }: ScoresToSummarize,
  options: BootstrapOptions = {},
): Promise<ConfidenceIntervals> {
  const { replicates, level, seed, signal, onProgress } = bootstrapSettings(options)
  signal?.throwIfAborted()
  const classes = classesOf(trials)
  const values = newValues(classes)
  if (reasonOfMissingClass(classes) === undefined) {
    const steps = stepsOfReplicate(classes, { asv: tandemOf(asv).operatingPoint, seed, values })
    const pauseWhenDue = pauseBetweenSlices(signal)
    for (let done = 1; done <= replicates; done++) {
      signal?.throwIfAborted()
      for (const step of steps) {
        await pauseWhenDue()
        step()
      }
      onProgress?.({ done, total: replicates })
    }
  }
  const intervalsOf = <Name extends string>(of: Values<Name>): Record<Name, ConfidenceInterval> =>
    Object.fromEntries(
      Object.entries<number[]>(of).map(([name, drawn]) => [name, percentileInterval(drawn, level)]),
    ) as Record<Name, ConfidenceInterval>
  return {
    ...intervalsOf(values.pooled),
    perAttack: Object.fromEntries(
      [...values.perAttack].map(([attack, drawn]) => [attack, intervalsOf(drawn)]),
    ),
    replicates,
    level,
    seed,
  }
}

const POOLED_FIGURES = ['eer', 'eerTieProper', 'minTdcf', 'minTdcfV2', 'minDcf', 'actDcf', 'cllr'] as const
const ATTACK_FIGURES = ['eer', 'minTdcf'] as const

/** What the replicates gave, by figure. */
type Values<Name extends string> = Readonly<Record<Name, number[]>>

interface ReplicateValues {
  readonly pooled: Values<(typeof POOLED_FIGURES)[number]>
  readonly perAttack: ReadonlyMap<string, Values<(typeof ATTACK_FIGURES)[number]>>
}

function newValues({ attacks }: TrialClasses): ReplicateValues {
  const noValues = <Name extends string>(names: readonly Name[]): Values<Name> =>
    Object.fromEntries(names.map(name => [name, []])) as unknown as Values<Name>
  return {
    pooled: noValues(POOLED_FIGURES),
    perAttack: new Map([...attacks.keys()].map(attack => [attack, noValues(ATTACK_FIGURES)])),
  }
}

function keep<Name extends string>(
  values: Values<Name>,
  figures: Readonly<Record<Name, number | null>>,
): void {
  for (const name of Object.keys(values) as Name[]) {
    const figure = figures[name]
    if (figure !== null) values[name].push(figure)
  }
}

/** The steps of one replicate, each a fraction of a millisecond for 71,237 trials, to be done again for the next. */
function stepsOfReplicate(
  { bonafide, spoof, attacks }: TrialClasses,
  { seed, asv, values }: { seed: number; asv: AsvOperatingPoint | undefined; values: ReplicateValues },
): (() => void)[] {
  const random = seededRandom(seed)
  const drawnBonafide = new Resample(bonafide)
  const drawnSpoof = new Resample(spoof)
  const bonafideNats = natsOfTrials(bonafide, 'bonafide')
  const spoofNats = natsOfTrials(spoof, 'spoof')
  const room = new Uint32Array(bonafide.length + 1)
  const places = placesOf([...attacks.values()], spoof)
  return [
    () => drawnBonafide.draw(random),
    () => drawnSpoof.draw(random),
    () => {
      const cllr = cllrOfNats(drawnBonafide.meanOf(bonafideNats), drawnSpoof.meanOf(spoofNats))
      keep(values.pooled, {
        ...ratesOf(rankSorted(drawnBonafide.scores, drawnSpoof.scores, room), asv),
        cllr,
      })
    },
    ...[...attacks].map(([attack, scores], index) => {
      const drawn = new Resample(scores)
      return () => {
        drawn.follow(drawnSpoof, places[index]!)
        if (drawn.scores.length === 0) return
        keep(
          values.perAttack.get(attack)!,
          attackRatesOf(rankSorted(drawnBonafide.scores, drawn.scores, room), asv),
        )
      }
    }),
  ]
}

/** Lets other callbacks of the event loop run when the work since the last time took long enough. */
function pauseBetweenSlices(signal: AbortSignal | undefined): () => Promise<void> {
  let sliceStart = performance.now()
  return async () => {
    if (performance.now() - sliceStart < SLICE_MS) return
    await setImmediate()
    signal?.throwIfAborted()
    sliceStart = performance.now()
  }
}
