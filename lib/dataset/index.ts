/**
 * ASVspoof corpora on disk: folder layout, protocols, score files and reports. Readers stream, and refuse whatever is
 * not as it must be with a DatasetError that names file and line; writers write everything or nothing.
 */
export { writeFileAtomically, systemReason, writingAdvice } from './atomic-file'
export {
  audioPath,
  findAsvScores,
  openCorpus,
  type AsvScoresLocation,
  type AudioEnding,
  type Corpus,
  type FindAsvScoresOptions,
  type OpenCorpusOptions,
} from './corpus'
export { formatEerReport, type EerReportValues } from './eer-report'
export { readProtocol, type Protocol, type ProtocolTrial } from './protocol'
export { readAsvScores, type AsvScoreLists } from './asv-scores'
export type { ScoreColumn, ScoreLayout } from './score-layout'
export {
  formatScoreLine,
  readScoreFile,
  writeScoreFile,
  type ReadScoreFileOptions,
  type ScoreFile,
  type ScoreFileLayout,
  type TrialScore,
} from './scores'
export { hasChanged } from './text-source'
export type { Trial, TrialKey } from './trial'
