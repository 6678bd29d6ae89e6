// mocha's usual report, and at its end the counts in the file $MOCHA_COUNTS: reading them off the text would take any
// line that a test prints for a result.
const { writeFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      writeFileSync(process.env.MOCHA_COUNTS, `${passes} ${failures} ${pending}\n`)
    })
  }
}
