/** The batches that aasist-graph.test.ts leaves out. */
import { referenceData } from '../support/environment'
import { expectDemoGolden, expectOfficialGolden, targets } from './golden-outputs'

describe('the AASIST graph in other batches', () => {
  for (const target of targets) {
    for (const batch of [1, 8])
      it(`gives PyTorch's outputs for the demo weights on demo clips, target ${target}, batch ${batch}`, () =>
        expectDemoGolden(target, batch))

    for (const batch of [3, 8])
      it(`gives the official outputs for the official AASIST-L, target ${target}, batch ${batch}`, async function () {
        await expectOfficialGolden(referenceData(this), target, batch)
      })
  }
})
