import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// Import directions (docs/architecture.md): each room lists the rooms of lib/ it may look into.
// Everything may import errors; `metrics`, `model`, `audio` and `dataset` import nothing else of ours.
const rooms = {
  audio: [],
  model: [],
  dataset: [],
  metrics: [],
  toolchain: [],
  session: [],
  scoring: ['session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  benchmark: ['scoring', 'session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  report: ['scoring', 'dataset', 'metrics'],
  queue: ['scoring', 'session', 'audio', 'dataset', 'model', 'metrics', 'toolchain'],
  cli: [
    'report',
    'benchmark',
    'queue',
    'scoring',
    'session',
    'audio',
    'dataset',
    'model',
    'metrics',
    'toolchain',
  ],
}
const directions = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`lib/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: Object.keys(rooms)
          .filter(other => other !== room && !allowed.includes(other))
          .map(other => ({
            regex: `^(\\.\\./)+${other}(/|$)`,
            message: `lib/${room} must not import lib/${other}: see docs/architecture.md`,
          })),
      },
    ],
  },
}))

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'coverage/', 'lib/model/onnx/onnx_pb.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // Typed arrays read inside their bounds all over the numeric code; `!` says so in one character.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An AbortSignal's reason is whatever its owner chose, and rejecting with it is the convention.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'named exports only' },
        { selector: 'TSEnumDeclaration', message: 'use a union of string literals' },
      ],
    },
  },
  ...directions,
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': 'off', 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        require: 'readonly',
        module: 'readonly',
        __dirname: 'readonly',
        URL: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
)
