/*
 * Another user of AscendCL in the process, as an add-on of its own: initialises, opens a device, and goes on
 * using it. It is what it would be without us: nothing here knows of the package.
 */
#include <dlfcn.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>

typedef int (*Init)(const char *);
typedef int (*Device)(int32_t);
typedef int (*Allocate)(void **, size_t, int);
typedef int (*Free)(void *);
typedef int (*Copy)(void *, size_t, const void *, size_t, int);
typedef int (*GetContext)(void **);
typedef int (*SetContext)(void *);

enum { kBytes = 64, kHugeFirst = 0, kToDevice = 1, kToHost = 2, kDevice = 0 };

static void *library;
static void *memory;
static void *context;

static napi_value number(napi_env env, int value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

/* begin(library): aclInit's code if it fails, or that of what comes after it. */
static napi_value begin(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given;
  char path[4096];
  napi_get_cb_info(env, info, &count, &given, NULL, NULL);
  napi_get_value_string_utf8(env, given, path, sizeof path, &count);
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return number(env, -1);
  int code = ((Init)dlsym(library, "aclInit"))(NULL);
  if (code == 0) code = ((Device)dlsym(library, "aclrtSetDevice"))(kDevice);
  if (code == 0) code = ((GetContext)dlsym(library, "aclrtGetCurrentContext"))(&context);
  if (code == 0) code = ((Allocate)dlsym(library, "aclrtMalloc"))(&memory, kBytes, kHugeFirst);
  return number(env, code);
}

/* use(): writes to the device and reads back; 0 when that is what was written. Its own context is current, or
 * not. */
static napi_value use(napi_env env, napi_callback_info info) {
  (void)info;
  static unsigned char round;
  unsigned char sent[kBytes];
  unsigned char received[kBytes] = {0};
  memset(sent, ++round, sizeof sent);
  Copy copy = (Copy)dlsym(library, "aclrtMemcpy");
  int code = copy(memory, kBytes, sent, kBytes, kToDevice);
  if (code == 0) code = copy(received, kBytes, memory, kBytes, kToHost);
  if (code == 0 && memcmp(sent, received, kBytes) != 0) code = -2;
  void *current = NULL;
  if (code == 0) code = ((GetContext)dlsym(library, "aclrtGetCurrentContext"))(&current);
  return number(env, code != 0 ? code : current == context ? 0 : -3);
}

static napi_value end(napi_env env, napi_callback_info info) {
  (void)info;
  int code = ((Free)dlsym(library, "aclrtFree"))(memory);
  if (code == 0) code = ((Device)dlsym(library, "aclrtResetDevice"))(kDevice);
  return number(env, code);
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"begin", NULL, begin, NULL, NULL, NULL, napi_default, NULL},
      {"use", NULL, use, NULL, NULL, NULL, napi_default, NULL},
      {"end", NULL, end, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
