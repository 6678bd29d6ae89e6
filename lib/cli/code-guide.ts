/** What each error code means, and what helps. Messages say what was found; this is what holds whatever was found. */
import type { ErrorCode } from '../errors'
import type { LogCode } from '../scoring'

export interface CodeGuide {
  readonly means: string
  readonly helps: string
}

/** The compiler misses none: a code without a guide is an error here. */
export const errorGuides: Readonly<Record<ErrorCode, CodeGuide>> = {
  ACL_DEVICE_FAULT: {
    means:
      'The NPU or its driver broke down: a lost device, an exception while a model ran, an error of its memory.',
    helps:
      'npu-smi info shows its health; the number after ACL in the message is in the error codes of CANN. Make a new ' +
      'session; where that fails too, restart the driver or the machine. A pool of several NPUs goes on with the others.',
  },
  ACL_LIBRARY_NOT_FOUND: {
    means: 'libascendcl.so of CANN was not found, or something it needs was not.',
    helps:
      'Source the set_env.sh of the toolkit, name the library (libraryPath), or take the simulator: ' +
      'eval "$(aasist simulator env)". aasist doctor --device npu says what is missing.',
  },
  ACL_NO_DEVICE: {
    means: 'AscendCL is there and knows no NPU, or none with that number.',
    helps:
      'aasist devices lists them. In a container the device files must be passed in (/dev/davinci0, /dev/davinci_manager, ' +
      '/dev/devmm_svm, /dev/hisi_hdc); ASCEND_RT_VISIBLE_DEVICES may hide some.',
  },
  ACL_OUT_OF_MEMORY: {
    means: 'The memory of the NPU is not enough for the model, its work space or its inputs and outputs.',
    helps:
      'Fewer sessions on the device, a smaller batch, or an end to what else uses it: aasist devices shows how much.',
  },
  ACL_RUNTIME: {
    means:
      'A call of AscendCL failed in a way that has no code of its own; detail.call and detail.aclCode name it.',
    helps:
      'The message holds what AscendCL said last; ASCEND_SLOG_PRINT_TO_STDOUT=1 makes it say more. aasist doctor --device ' +
      'npu tries the calls one by one.',
  },
  ACL_SYMBOL_MISSING: {
    means:
      'The AscendCL library lacks a function that this package needs: it is older than CANN 6, or another library.',
    helps: 'Install a newer CANN, or name another library (libraryPath). detail.missing names the functions.',
  },
  ADDON_NOT_FOUND: {
    means:
      'The compiled part of this package is not there: a bundler left it behind, or a checkout was not built.',
    helps:
      'Mark aasist-ascend as external in the bundler, name its file in AASIST_ADDON, or in a checkout: npm run build. The ' +
      'CPU needs none of it.',
  },
  ATC_FAILED: {
    means: "CANN's compiler refused the model, or broke down.",
    helps:
      'The message is the line of its output that matters, detail.tail the end of it. Often the SoC is another one (--soc), ' +
      'or the model was not made for NPUs: aasist convert --target npu.',
  },
  AUDIO_CORRUPT: {
    means: 'The file says what it is and then contradicts itself: a wrong checksum, sizes that cannot be.',
    helps: 'Fetch or record it again; ffmpeg -i shows whether others can read it.',
  },
  AUDIO_EMPTY: {
    means: 'There is no sample in it.',
    helps: 'Leave it out: nothing can be said about it.',
  },
  AUDIO_NOT_FOUND: {
    means: 'There is no such file.',
    helps: 'Check the path; in protocols the names stand without folder and ending.',
  },
  AUDIO_TOO_LARGE: {
    means: 'The recording is longer than is kept in memory at once, or than maxSeconds allows.',
    helps: 'Cut it into parts, or score its windows: aasist score --long, detector.scoreRecording().',
  },
  AUDIO_TRUNCATED: {
    means: 'The file ends before the audio that its header promises.',
    helps:
      'It was copied or written to the half: fetch it again. A score of the half would be one of another clip.',
  },
  AUDIO_UNREADABLE: {
    means:
      'The file is there and cannot be read: rights, a folder or pipe in its place, or somebody is writing to it.',
    helps: 'The message names which; for a file that is being written wait for its writer.',
  },
  AUDIO_UNSUPPORTED: {
    means: 'It is no WAV or FLAC file, or one of a kind that is not read.',
    helps: 'Convert it: ffmpeg -i in.mp3 -ac 1 -ar 16000 out.flac',
  },
  CALIBRATION_INVALID: {
    means: 'The calibration file is missing or is none, or has no threshold by the rule that was asked for.',
    helps: 'Make one of labelled scores of this model: aasist calibrate.',
  },
  CHECKPOINT_INVALID: {
    means: 'The checkpoint is damaged, is not one of AASIST or AASIST-L, or does not fit its configuration.',
    helps:
      'Take the .conf that belongs to it (--config); the message names the tensor that is missing or of another shape.',
  },
  CHECKPOINT_UNSAFE: {
    means: 'The checkpoint names code to be run on loading. Nothing of it was run.',
    helps: 'Do not load it with anything else either; ask whoever made it for a plain state_dict.',
  },
  CONFIG_INVALID: {
    means: 'The configuration or the model card cannot be used.',
    helps: 'The message names the member; the .conf files of the AASIST repository are as they must be.',
  },
  CPU_BACKEND_MISSING: {
    means: 'onnxruntime-node, which computes on the CPU, is not installed, or does not load here.',
    helps:
      'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node; without the variable its install script may fail where ' +
      'it cannot download, and npm leaves it out without a word.',
  },
  DATASET_INVALID: {
    means: 'The corpus folder, or input files of the benchmark, are not as they must be.',
    helps: 'The message says what was looked for, and where.',
  },
  INPUT_MISSING: {
    means: 'A run of the model lacks one of its inputs.',
    helps: 'session.inputNames lists them.',
  },
  INPUT_SHAPE: {
    means: 'An input has another shape than the model takes, or as many numbers as its dims do not say.',
    helps:
      'session.inputMetadata has the shapes; an offline model takes those it was compiled for (gears) only.',
  },
  INPUT_TYPE: {
    means:
      'An input is of another type than the model takes, or holds memory that cannot be used (detached, shared).',
    helps: 'session.inputMetadata has the types; copy shared or resizable memory first.',
  },
  INVALID_ARGUMENT: {
    means: 'An argument or option has a value that it cannot have, or two of them contradict each other.',
    helps: '--help shows how the command is used; the doc comment of the function names the range.',
  },
  METRICS_INVALID: {
    means:
      'The metric cannot be computed from these scores: a class is empty, a score is no finite number, costs are none.',
    helps:
      'Leave trials without a score out and count them as missing; higher scores must mean more bona fide.',
  },
  MODEL_INVALID: {
    means: 'The model cannot be loaded, or is not made for speech of one channel.',
    helps:
      'aasist doctor --model FILE tries it. An .om is for one kind of NPU only: compile it again for this one.',
  },
  MODEL_NOT_FOUND: {
    means: 'There is no such model file.',
    helps: 'Check the path; a checkpoint needs its configuration beside it as well.',
  },
  OUTPUT_EXISTS: {
    means:
      'The folder for the results holds something else, results made with other settings, or another run that writes there.',
    helps: 'Take another folder, or the settings named in the message to go on with what is there.',
  },
  OUTPUT_UNKNOWN: {
    means: 'A run asks for an output that the model does not have.',
    helps: 'session.outputNames lists them.',
  },
  OUTPUT_UNWRITABLE: {
    means: 'Results cannot be written: rights, a full disk, too many open files.',
    helps:
      'The message names the file and the reason. What was there before is unchanged; eval goes on where it was.',
  },
  PREPARATION_FAILED: {
    means:
      'A thread that decodes clips or converts models broke down, most likely for want of memory or of files.',
    helps: 'Fewer sessions, more memory, or a higher limit (ulimit -n); the clip itself may be fine.',
  },
  PROTOCOL_INVALID: {
    means: 'A line of the evaluation list is not as it must be, or an utterance is in it twice.',
    helps: 'The message names file and line; lines are "speaker utterance - attack key".',
  },
  QUEUE_FULL: {
    means: 'As many runs are waiting as queueLimit allows.',
    helps: 'Answer 503, wait for some to end, or raise queueLimit; scoreFiles() waits by itself.',
  },
  RUN_FAILED: {
    means: 'The model ran and failed, or gave a score that is no finite number.',
    helps: 'The message holds what the runtime said. Where every clip fails, the model is broken.',
  },
  RUN_TIMEOUT: {
    means: 'A run of the model took longer than was allowed.',
    helps:
      'Raise the limit (--timeout, runTimeoutMs), or look for what slows the device down. In a pool the session is replaced.',
  },
  SCORES_INVALID: {
    means: 'A line of a score file cannot be understood, or contradicts the protocol.',
    helps: 'The message names file and line; docs/usage.md lists the layouts that are read.',
  },
  SESSION_FAULTED: {
    means: 'The session broke down, and takes no runs any more.',
    helps: 'Release it and create another one; pools and detectors do so by themselves.',
  },
  SESSION_RELEASED: {
    means: 'The session, pool or detector was released, before or while this run waited.',
    helps:
      'Create another one, or release it later: release() waits for what runs, not for what is still to come.',
  },
  SOC_UNKNOWN: {
    means: 'Nobody says which kind of NPU to compile for.',
    helps: 'Name it: --soc Ascend310P3; npu-smi info shows the chip.',
  },
  TOOL_FAILED: {
    means: 'A program of CANN (npu-smi, atc) ended in a way that tells nothing, or did not end.',
    helps: 'Run it by hand; the message holds the command and the end of its output.',
  },
  TOOL_NOT_FOUND: {
    means: 'A program of CANN (atc, npu-smi) is not on PATH.',
    helps:
      'Source the set_env.sh of the toolkit, name the program (--atc), or take the simulator: aasist simulator env.',
  },
  UNKNOWN_OPTION: {
    means: 'There is no option of that name.',
    helps: 'The message names those there are; --help says what they do.',
  },
  UNSUPPORTED_PLATFORM: {
    means: 'There is no compiled part for this system, processor or C library (as musl of Alpine).',
    helps:
      'CANN needs Linux with glibc 2.28 or later on x64 or arm64: take such an image, as node:20-bookworm-slim.',
  },
}

/** Of scores, and of the channel `aasist-ascend:log`. */
export const warningGuides: Readonly<Record<LogCode, CodeGuide>> = {
  ACL_MEMORY_ABANDONED: {
    means:
      'A session was released, and its NPU did not confirm that it had ended a run: its memory is left to it.',
    helps:
      'npu-smi info shows the health of the device. Memory of the device comes back when the process ends.',
  },
  ACL_THREAD_ABANDONED: {
    means: 'A call into AscendCL did not return in time, and its thread and memory are left behind.',
    helps: 'The NPU or its driver hangs: npu-smi info. Start the service again when the device is well.',
  },
  AUDIO_CLIPPED: {
    means: 'Many samples are at full scale: the recording was too loud, and its peaks are cut off.',
    helps: 'Record it with less gain. The score may say more about the recording than about the speaker.',
  },
  AUDIO_NARROW_BAND: {
    means:
      'It was recorded at a lower rate than the model hears, as on a telephone: what lies above is empty.',
    helps:
      'Models trained on wide-band speech may take it for a spoof: calibrate with clips of the same kind.',
  },
  AUDIO_SHORT: {
    means: 'The clip is shorter than what the model hears, and was repeated to fill it.',
    helps: 'Nothing is wrong; scores of very short clips are worth less.',
  },
  AUDIO_SILENT: {
    means: 'There is hardly any sound in it.',
    helps: 'Leave it out: a score of silence says nothing about a speaker.',
  },
  CALIBRATION_OTHER_MODEL: {
    means: 'The calibration was made with scores of another model file.',
    helps: 'Right only if both hold the same weights, as a checkpoint and the .om that was made of it.',
  },
  CPU_HELPED_OUT: {
    means: 'A clip that failed on the NPUs is scored on the CPU, and so will be what fails there later.',
    helps: 'See to the NPU: the cause is named. Scores of the CPU differ from its own in their last digits.',
  },
  MODEL_NOTICE: {
    means: "The model's card says something that everybody should know who sees its scores.",
    helps: 'Read it.',
  },
  NPU_SIMULATED: {
    means: 'The scores come from the simulator of CANN, not from an NPU.',
    helps: 'Right for trying things out; speed and half-precision kernels of a card are not in it.',
  },
  RUN_RETRIED: {
    means:
      'A run failed for a reason that lies with its device, and is tried once more, elsewhere if it can be.',
    helps: 'Nothing is lost yet. Where it happens often, see to the device that is named.',
  },
  SESSION_LOST: {
    means: 'A session of a pool broke down or was stopped at its time-out, and is being replaced.',
    helps: 'Nothing, once. Where it goes on: the cause is named; memory running out kills processes, too.',
  },
  SESSION_NOT_REPLACED: {
    means: 'A session of a pool was lost, replacements failed as well, and its place stays empty.',
    helps: 'The pool goes on with the others, slower. Mend what the cause names and make a new pool.',
  },
}
