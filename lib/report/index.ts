/** Results as one HTML file for people. */
export { writeReport, type ReportRequest } from './write-report'
