import { LabError } from '../lab/error.ts';
import { readCall } from './forced-command.ts';

test.each<[args: string[], typed: string | undefined, words: string[]]>([
  [['-c', 'labcli --user alice'], 'labcli status --mine', ['status', '--mine']],
  [['-c', 'labcli --user alice'], 'status', ['status']],
  [['-c', 'labcli --user alice'], undefined, []],
  [['-c', 'labcli --user alice'], 'labcli --user bob status', ['--user', 'bob', 'status']],
  [['--user', 'alice'], 'labcli labcli', ['labcli']],
  [['--user', 'alice', 'status'], undefined, ['status']],
  [['--user', 'alice', 'status'], 'classes', ['classes']],
])('%j with %j', (args, typed, words) => {
  const environment = typed === undefined ? {} : { SSH_ORIGINAL_COMMAND: typed };
  expect(readCall(args, environment)).toEqual({ user: 'alice', words });
});

test.each([
  [[]],
  [['status']],
  [['--user']],
  [['--user', '']],
  [['--user', 'Alice']],
  [['--user', 'a b']],
  [['-c', 'status']],
  [['-c']],
  [['-c', 'labcli']],
])('%j is no way to start it', args => {
  expect(() => readCall(args, { SSH_ORIGINAL_COMMAND: 'status' })).toThrow(LabError);
});

test.each(['scp -t /tmp', 'rsync --server . /tmp', '/usr/lib/openssh/sftp-server', "git-upload-pack 'x'"])(
  '%s',
  typed => {
    expect(() => readCall(['--user', 'alice'], { SSH_ORIGINAL_COMMAND: typed })).toThrow('copy them to your jail');
  },
);
