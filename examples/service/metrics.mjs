// What /metrics tells, in the text format of Prometheus.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export function createMetrics(engine) {
  // Of this service alone: the package's own registry is one for the whole process.
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const ofDetector = (name, help, read) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (engine.detector !== null) this.set(read(engine.detector.stats()))
      },
    })
  ofDetector('aasist_sessions', 'Sessions that take runs now', ({ sessions }) => sessions)
  ofDetector('aasist_runs_queued', 'Clips that are decoded or wait for a session', ({ queued }) => queued)
  ofDetector('aasist_runs_running', 'Runs of the model under way', ({ running }) => running)
  ofDetector('aasist_runs_done', 'Runs of the model that are done, since the start', ({ done }) => done)
  ofDetector('aasist_failovers', 'Sessions lost and replaced since the start', ({ failovers }) => failovers)
  return {
    registry,
    accepted: new Gauge({
      name: 'aasist_requests_accepted',
      help: 'Requests for a score that were accepted and are not answered yet',
      registers,
    }),
    seconds: new Histogram({
      name: 'aasist_request_seconds',
      help: 'From the head of a request to the end of its answer; status "aborted" where the client left first',
      labelNames: ['route', 'status'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    refused: new Counter({
      name: 'aasist_refused_total',
      help: 'Requests answered with an error, by its code',
      labelNames: ['code'],
      registers,
    }),
    scored: new Counter({
      name: 'aasist_scored_total',
      help: 'Recordings scored; decision "none" where there is no threshold',
      labelNames: ['decision'],
      registers,
    }),
    audioSeconds: new Counter({
      name: 'aasist_audio_seconds_total',
      help: 'Seconds of audio in the recordings that were scored',
      registers,
    }),
  }
}
