// SPDX-License-Identifier: Apache-2.0
// Gives messages to kannel's smsbox by http, and collects its reports of what the SMS centre said to each.
// Usage: node kannel_client.js FILE     FILE: one JSON object {id, from, to, text} a line
const fs = require('fs');
const http = require('http');

const messages = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line).map((line) => JSON.parse(line));
const agent = new http.Agent({keepAlive: true, maxSockets: 8});
const result = {reports: {}, troubles: []};
const mostAtOnce = 400;  // not reported yet
let next = 0;
let open = 0;
let reported = 0;

const server = http.createServer((request, response) => {
  response.end();
  const query = new URL(request.url, 'http://127.0.0.1').searchParams;
  const number = query.get('id');
  (result.reports[number] = result.reports[number] || []).push({type: query.get('type'), reply: query.get('reply')});
  reported += 1;
  open -= 1;
  if (reported === messages.length) setTimeout(say, 500);  // a second report would come now
  send();
});
server.keepAliveTimeout = 60000;
server.listen(8099, '127.0.0.1', send);
process.on('SIGTERM', () => {
  result.troubles.push(`ended from outside: ${reported} of ${messages.length} reported`);
  say();
});

function say() {
  fs.writeSync(1, JSON.stringify(result) + '\n');
  process.exit(0);
}

function send() {
  while (open < mostAtOnce && next < messages.length) {
    const message = messages[next++];
    open += 1;
    const query = new URLSearchParams({username: 'live', password: 'secret', from: `+${message.from}`, to: `+${message.to}`,
      text: message.text, charset: 'UTF-8', coding: /^[\x20-\x7e]*$/.test(message.text) ? '0' : '2', 'dlr-mask': '24',
      'dlr-url': `http://127.0.0.1:8099/?id=${message.id}&type=%d&reply=%A`});
    http.get({host: '127.0.0.1', port: 13013, path: `/cgi-bin/sendsms?${query}`, agent}, (response) => {
      response.resume();
      if (response.statusCode !== 202) result.troubles.push(`message ${message.id}: http ${response.statusCode}`);
    }).on('error', (error) => result.troubles.push(`message ${message.id}: ${error}`));
  }
}
