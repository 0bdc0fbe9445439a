import { parseSubnet, type Subnet } from '../config/ipv4.ts';
import { patternsOf } from './known-hosts.ts';

test.each([
  ['10.0.0.0/8', ['10.*']],
  ['10.77.0.0/16', ['10.77.*']],
  ['10.77.4.0/22', ['10.77.4.*', '10.77.5.*', '10.77.6.*', '10.77.7.*']],
  ['192.168.7.0/24', ['192.168.7.*']],
  ['192.168.7.128/31', ['192.168.7.128', '192.168.7.129']],
  ['192.0.0.0/7', ['192.*', '193.*']],
])('%s is %j in known_hosts', (network, patterns) => {
  expect(patternsOf(parseSubnet(network) as Subnet)).toEqual(patterns);
});
