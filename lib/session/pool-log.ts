/** What a pool logs of sessions and runs that went wrong. */
import { errorCode } from '../errors'
import type { LogMessage, SessionLogCode } from './diagnostics'
import { deviceName, type FailedAttempt } from './pool-attempts'
import type { FailoverEvent } from './pool-options'

type PoolLogMessage = LogMessage & { readonly code: SessionLogCode }

export function aboutRetry({ device, error }: FailedAttempt): PoolLogMessage {
  return {
    level: 'warn',
    code: 'RUN_RETRIED',
    message: `a run failed on ${deviceName(device)} and is tried once more: ${error.message}`,
    device,
    ...causeOf(error),
  }
}

export function aboutLoss({ device, error, replacement }: FailoverEvent): PoolLogMessage {
  const isLost = replacement === 'given up'
  return {
    level: isLost ? 'error' : 'warn',
    code: isLost ? 'SESSION_NOT_REPLACED' : 'SESSION_LOST',
    message: isLost
      ? `a session on ${deviceName(device)} was lost for good, and its place stays empty: ${error.message}`
      : `a session on ${deviceName(device)} was lost and is being replaced: ${error.message}`,
    device,
    ...causeOf(error),
  }
}

function causeOf(error: Error): { readonly cause?: string } {
  const cause = errorCode(error)
  return cause === undefined ? {} : { cause }
}
