/** Two projects: `unit` needs nothing but Node and runs in parallel; `lab` needs root and what set-up made. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } }],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.lab', '<rootDir>/.cache'],
};

export default {
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/lab-order.cjs',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/walls.test.ts'] },
    {
      ...common,
      displayName: 'lab',
      testMatch: ['<rootDir>/test/{integration,e2e,model}/**/*.test.ts', '<rootDir>/test/nothing-left.test.ts'],
      globalSetup: '<rootDir>/test/remember-machine.ts',
    },
  ],
};
