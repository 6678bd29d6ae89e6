/** Results as one HTML file for people. */
export { writeReport, type ReportRequest } from './write-report'
export { writeTimeline } from './write-timeline'
export type { ScoredRecording } from './recording-timeline'
