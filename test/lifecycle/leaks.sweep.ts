import { describeLives } from './leaks'
import { ownerNames, type OwnerName } from './lives'

describeLives(Object.fromEntries(ownerNames.map(owner => [owner, 200])) as Record<OwnerName, number>)
