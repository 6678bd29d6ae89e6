// A device that is lost answers every call with the same code until it is reset: what a hung or unplugged
// card does. ACL_SIM_FAULTS asks for it with the action `lost`.
#ifndef SIMULATOR_LOST_DEVICE_H_
#define SIMULATOR_LOST_DEVICE_H_

#include "device.h"

namespace sim {

void loseDevice(Device *device, aclError code);
/** Leaves ACL's message and returns the code when `device` is lost, 0 otherwise. */
aclError answerOfLost(const Device &device, const char *call);
/** The same for an entry point that works on the device of the calling thread's context. */
aclError checkLost(const char *call);
/** The last reset of a lost device: all that was on it is gone, and it works again. */
void recoverDevice(Device *device);

}  // namespace sim

#endif  // SIMULATOR_LOST_DEVICE_H_
