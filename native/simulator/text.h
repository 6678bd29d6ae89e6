// Parsing of numbers and lists in settings and options: strict, without locale, never throwing.
#ifndef SIMULATOR_TEXT_H_
#define SIMULATOR_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

std::vector<std::string> split(const std::string &text, char separator);
std::string trim(const std::string &text);
std::string join(const std::vector<std::string> &parts, const std::string &separator);

/** True when all of `text` is a decimal integer that fits. */
bool parseInteger(const std::string &text, int64_t *value);
/** True when all of `text` is a decimal number, neither negative nor infinite. */
bool parsePositiveNumber(const std::string &text, double *value);

std::string format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

}  // namespace sim

#endif  // SIMULATOR_TEXT_H_
