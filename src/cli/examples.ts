/** What `labcli help COMMAND` shows, by the words that call the command. What ssh would take away is quoted once more. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  claim: [
    'claim rockpro64 --for 2h',
    'claim rockpro64 --with ram=4g --wait=30m --power',
    'claim rockpro64 rockpro64 --hold',
    'claim --board rockpro64-2 --key "\'$(cat colleague.pub)\'"',
  ],
  run: [
    'run rockpro64 --wait --for 20m -- make test',
    'run rockpro64 -- sh -c "\'uname -a; df\'"',
    'run rockpro64 --upload work --download work/out -- make test <in.tar >out.tar',
  ],
  extend: ['extend --for 1h30m'],
  share: ['share bob rockpro64-1'],
  history: ['history --since 7d --user bob', 'history --since 2031-05-04T09:30'],
  events: ['events --board rockpro64-1 --since 2h', 'events --follow --json'],
  'ssh-config': ['ssh-config >~/.ssh/labcli', 'ssh-config --via "\'ssh -p 2222 lab@labhost\'"'],
  'admin release': ['admin release rockpro64-1 --if-holder bob --reason "\'needed elsewhere\'"'],
  'admin offline': ['admin offline rockpro64-1 --reason "\'new fan\'"'],
  'admin online': ['admin online rockpro64-1 --only maintenance'],
  'admin maintenance': [
    'admin maintenance rockpro64-1 --from 30m --for 2h --reason "\'new fan\'"',
    'admin maintenance rockpro64-1 --from 2031-05-04T09:30 --for 2h --reason move',
  ],
};
