import { expect } from 'chai'
import type { ErrorDetail } from '../../lib/errors'

export type Failure = Error & { readonly code?: string; readonly detail?: ErrorDetail }

/** The error a promise rejects with; one that resolves fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  let outcome: unknown
  try {
    outcome = await promise
  } catch (error) {
    expect(error).to.be.instanceOf(Error)
    return error as Failure
  }
  throw new Error(`expected a rejection, found ${JSON.stringify(outcome)}`)
}
