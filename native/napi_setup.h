// The one place that decides how Node-API is used: include this, never <napi.h>, since the defines must come
// first.
#pragma once

#define NAPI_VERSION 8
#define NODE_ADDON_API_CPP_EXCEPTIONS_ALL
#define NODE_ADDON_API_DISABLE_DEPRECATED
// Without it every error that cannot be thrown, as in a worker being terminated, aborts the whole process.
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
// Electron has no external buffers; results are copied, they are small.
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED

#include <napi.h>
