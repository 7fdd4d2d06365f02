# SPDX-License-Identifier: Apache-2.0
"""What a live test has found, line by line, and the frame in which it runs: everything is taken away again, and the exit code tells."""
import signal
import sys

import netns


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def part(self, title):
        print('\n' + title, flush=True)

    def check(self, what, good, seen='', shown=''):
        """`seen` is said when it failed, `shown` always: what a person would have seen on the client's screen."""
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print('  %-6s %s%s' % ('ok' if good else 'FAILED', what, '' if good or seen == '' else '   (seen: %s)' % (seen,)), flush=True)
        for line in shown.splitlines() if good else ():
            print('           => %s' % line, flush=True)


def carry_out(line, report, work, at_end=lambda: None):
    """Opens the line and does `work`. Returns the exit code: 0, 1 when something failed, 4 when this machine can't carry it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        line.open()
        work()
    except netns.NotPossible as reason:
        print('cannot run here:', reason)
        return 4
    except KeyboardInterrupt:
        print('\nstopped')
        return 130
    except Exception as error:  # what happened so far still counts
        report.check('the run goes to its end', False, '%s: %s' % (type(error).__name__, error))
    finally:
        at_end()
        line.close()
    print('\n%d passed, %d failed' % (report.passed, report.failed))
    return 1 if report.failed else 0
