# SPDX-License-Identifier: LGPL-2.1-or-later
"""A runner of spatch that remembers what it answered for the same input."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .printer import tidy
from .slices import Slice, Uncut
from .text import definitions, is_named
from .tree import SeriesError

TOP = Path(__file__).resolve().parent.parent.parent
MACROS = TOP / 'build-aux' / 'libvirt-macros.h'
CACHE_DAYS = 14

# Part of the cache's keys: to be raised by who changes what an answer holds, be
# it here or in printer.py.
VERSION = b'7'

# Names every function that Coccinelle has a control flow graph for: without
# one, no rule with statements is ever tried on it.
PROBE = '@@\nidentifier f;\n@@\n* f(...) {\n... }\n'

# A function that spatch tries a rule on.
TRYING = re.compile(r'trying function: (\w+): ')

# What spatch says on stderr when all is well.
CHATTER = re.compile(r'init_defs|proto for |HANDLING: |Skipping: |\s*\(ONCE\) |\s*trying |\s*found match in |'
                     r'Note: processing took|Using native version|rule starting on line \d+ =|'
                     r'\S+ = $|-*$|'
                     # Coccinelle 1.3 says so of types in what is added, of macros in headers that
                     # declare something, and of code that a rule
                     # would change on one way through a function and not on another. What comes
                     # of that shows in the number of places, and is what 1.1.1 makes of it.
                     r'SPECIAL NAMES: adding \w+ as a (type|declarer)|'
                     r'warning: .* may be inconsistently modified$|'
                     # With --verbose-parsing; what it tells of is looked at.
                     r'Warning: PARSING: type defaults|ERROR-RECOV: |parsing pass\d|parse error|'
                     r' = File |  around = |  whole content = |badcount: |bad:|BAD:!!!!!|PB MAYBE: dangerous typedef inference|TYPEDEF CONFLICT:|'
                     r'transforming some ident into a typedef|TODO:typedef now used')


class Coccinelle:
    """Runs spatch, and remembers what it answered for the same input."""

    def __init__(self, log, folder, use_cache=True, whole_files=False):
        """@log is an open text file; @folder a directory of ours for the
        time of the run; @whole_files forbids to run on parts of files."""
        self.log, self.tool = log, shutil.which('spatch')
        if not self.tool:
            raise SeriesError('spatch is not installed (Debian package coccinelle)')
        if not MACROS.is_file():
            raise SeriesError(f'no macro file {MACROS}')
        version = subprocess.run([self.tool, '--version'], capture_output=True, check=True)
        macros = self.standard_macros().read_bytes() + MACROS.read_bytes()
        self.macros = Path(folder) / 'macros.h'
        self.macros.write_bytes(macros)
        self.probe = Path(folder) / 'probe.cocci'
        self.probe.write_text(PROBE)
        self.base = hashlib.sha256(version.stdout + macros + VERSION).digest()
        self.use_cache, self.whole_files = use_cache, whole_files
        self.running, self.stopped = set(), False
        self.cache = Path(os.environ.get('SERIES_CACHE', TOP / '.work' / 'cache')) / 'spatch'
        self.cache.mkdir(parents=True, exist_ok=True)
        for path in self.cache.iterdir():
            if time.time() - path.stat().st_mtime > CACHE_DAYS * 86400:
                path.unlink(missing_ok=True)

    def stop(self):
        """End what runs; nothing more is started until stopped is False again."""
        self.stopped = True
        for run in list(self.running):
            run.terminate()

    def standard_macros(self):
        """Coccinelle's own macro file. Ours must extend it, not come on top
        (--macro-file): only the built-in ones are there from the first try of
        the parser on; later tries also expand the file's own macros, which
        does harm."""
        run = subprocess.run([self.tool, '--parse-c', os.devnull], capture_output=True,
                             text=True, check=False)
        found = re.search(r'^init_defs_builtins: (.+)$', run.stderr, re.M)
        if not found:
            raise SeriesError('spatch does not name its macro file (init_defs_builtins)')
        return Path(found[1])

    def cached(self, key, produce):
        """The bytes that produce() returns, from the cache if it has them
        for @key, a list of bytes, and is to be used. They are kept in any case."""
        digest = hashlib.sha256(self.base)
        for part in key:
            digest.update(len(part).to_bytes(8, 'big') + part)
        path = self.cache / digest.hexdigest()
        if self.use_cache and path.exists():
            os.utime(path)
            return path.read_bytes()
        data = produce()
        with tempfile.NamedTemporaryFile(dir=self.cache, delete=False) as out:
            out.write(data)
        os.replace(out.name, path)
        return data

    def spatch(self, args, cwd):
        """Run spatch in the folder @cwd; return its exit status and all that
        it prints. Standard output and error are one, since their order tells
        which rule a match belongs to."""
        command = [self.tool, '--macro-file-builtins', str(self.macros), *args]
        if self.stopped:
            raise SeriesError('stopped')
        with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, env=dict(os.environ, LC_ALL='C')) as run:
            self.running.add(run)
            out = run.communicate()[0].decode('utf-8', 'replace')
            self.running.discard(run)
        told = re.sub(r'^ *trying .*\n', '', out, flags=re.M)
        self.log.write(f'$ {" ".join(command)}\n{told}[exit {run.returncode}]\n\n')
        self.log.flush()
        return run.returncode, out

    def run(self, cocci, tree, names):
        """Run @cocci on the files @names of @tree together, or on the parts of
        them that name its aims. Return {name: new text} of those it changes,
        how many places that are, and the rules that matched. Raise SeriesError
        if Coccinelle does not understand what the rules aim at."""
        if cocci.sliceable and not self.whole_files and len(names) == 1:
            try:
                return self.run_sliced(cocci, tree, names[0])
            except (Uncut, SeriesError) as why:
                self.log.write(f'{cocci.name}: the whole of {names[0]}: {why}\n\n')
        for name in names:
            refuse_blind_spots(cocci, name, self.blind_spots(tree, name))
        changed, sites, rules = self.run_whole(cocci, tree, names)
        for name, text in changed.items():
            if cocci.sliceable and not Slice(tree.read(name), cocci.aims).confines(text):
                raise SeriesError(f'{cocci.name}: changes a part of {name} that names none '
                                  'of its aims')
        return changed, sites, rules

    # --- on slices -----------------------------------------------------------

    def run_sliced(self, cocci, tree, name):
        part = Slice(tree.read(name), cocci.aims)
        if not part.starts:
            return {}, 0, set()
        key = [b'slice', cocci.text.encode(), name.encode(), part.text().encode('latin-1')]
        answer = json.loads(self.cached(key, lambda: self.run_on_slice(cocci, name, part)))
        if 'whole' in answer:
            raise Uncut(answer['whole'])
        refuse_blind_spots(cocci, name, answer['spots'])
        changed = {name: part.spliced(answer['parts'])} if answer['parts'] else {}
        return changed, answer['sites'], set(answer['rules'])

    def run_on_slice(self, cocci, name, part):
        try:
            answer = self.transformed(cocci, name, part)
        except Uncut as why:
            answer = {'whole': str(why)}
        return json.dumps(answer).encode()

    def transformed(self, cocci, name, part):
        part.refuse_if_torn()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(part.text().encode('latin-1'))
            out = self.transform(cocci, ['--no-includes', '--verbose-parsing'], [name],
                                 Path(folder), Uncut)
            new = path.read_bytes().decode('latin-1')
        spots = regions(out)
        # A function that was tried has a control flow graph.
        spots += self.without_flow(name, part.text(), spots, set(TRYING.findall(out)))
        answer = {'spots': spots, 'rules': sorted(matched_rules(out)), 'parts': [], 'sites': 0}
        if new != part.text():
            pairs = list(zip(part.parts(), part.taken_apart(new)))
            answer['parts'] = [tidy(old, after, cocci.text) for old, after in pairs]
            answer['sites'] = count_hunks([old for old, _ in pairs], answer['parts'])
        return answer

    def without_flow(self, name, text, spots, seen):
        """The functions of the slice @text that no rule was tried on, and
        that are no blind spot yet, as blind spots unless they have a control
        flow graph all the same."""
        unparsed = '\n'.join(region for _, region in spots)
        unseen = [(function, start, end) for function, start, end in definitions(text)
                  if function not in seen and function + '(' not in unparsed]
        if not unseen:
            return []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(text.encode('latin-1'))
            flows = self.flows(path.name, Path(folder))
        return [(f'no control flow graph of {function}()', text[start:end])
                for function, start, end in unseen if function not in flows]

    # --- on whole files ------------------------------------------------------

    def blind_spots(self, tree, name):
        """The parts of file @name that Coccinelle does not understand, and
        so would skip in silence: a list of (what, text)."""
        data = (tree.path / name).read_bytes()
        return json.loads(self.cached(
            [b'parse', name.endswith('.h') and b'h' or b'c', data],
            lambda: json.dumps(self.find_blind_spots(tree, name)).encode()))

    def find_blind_spots(self, tree, name):
        status, out = self.spatch(['--no-includes', '--parse-c', name], tree.path)
        total = re.search(r'nb good = \d+,  nb bad = (\d+)', out)
        if status or not total:
            raise SeriesError(f'spatch --parse-c {name} failed')
        spots = regions(out)
        text = tree.read(name)
        if int(total[1]) and not spots:
            spots = [(f'cannot parse {total[1]} tokens', text)]
        seen = self.flows(name, tree.path)
        unparsed = '\n'.join(text for _, text in spots)
        return spots + [(f'no control flow graph of {function}()', text[start:end])
                        for function, start, end in definitions(text)
                        if function not in seen and function + '(' not in unparsed]

    def flows(self, name, cwd):
        """The functions of a file that have a control flow graph."""
        _, out = self.spatch(['--sp-file', str(self.probe), '--no-includes', '--show-trying',
                              '--no-show-diff', '--timeout', '120', name], cwd)
        return set(TRYING.findall(out))

    def run_whole(self, cocci, tree, names):
        key = [b'run', cocci.text.encode(), repr(names).encode()]
        key += [(tree.path / name).read_bytes() for name in names]
        if cocci.includes:
            # Headers may matter as well: key on all of them.
            key += [tree.git('ls-files', '-s', '--', '*.h', raw=True),
                    tree.git('diff', 'HEAD', '--', '*.h', raw=True)]
        answer = json.loads(self.cached(key, lambda: self.run_on_files(cocci, tree, names)))
        return answer['files'], answer['sites'], set(answer['rules'])

    def run_on_files(self, cocci, tree, names):
        answer = {'files': {}, 'sites': 0}
        with tempfile.TemporaryDirectory() as folder:
            # On copies, so that a failing run leaves no trace.
            work = Path(folder)
            if cocci.includes:
                copy_headers(tree, work)
            for name in names:
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(tree.path / name, work / name)
            out = self.transform(cocci, [] if cocci.includes else ['--no-includes'], names, work)
            for name in names:
                old, new = tree.read(name), (work / name).read_bytes().decode('latin-1')
                if new != old:
                    answer['files'][name] = tidy(old, new, cocci.text)
                    answer['sites'] += count_hunks([old], [answer['files'][name]])
        answer['rules'] = sorted(matched_rules(out))
        return json.dumps(answer).encode()

    def transform(self, cocci, options, names, work, odd_error=SeriesError):
        """Run @cocci in the folder @work, on the files @names there; return
        what spatch says. Raise @odd_error if that is unheard of."""
        rules = work / cocci.name
        rules.write_text(cocci.text)
        status, out = self.spatch(
            ['--sp-file', str(rules), *options, '--indent', '4', '--smpl-spacing',
             '--max-width', '80', '--show-trying', '--timeout', '300', '--in-place',
             '--no-show-diff', *cocci.options, *names], work)
        where = f'{cocci.name}: spatch on {", ".join(names)}'
        if status:
            raise SeriesError(f'{where}: exit status {status}')
        odd = [line.strip() for line in out.splitlines() if not CHATTER.match(line)]
        if odd:
            raise odd_error(f'{where}: {odd[0]}')
        return out


def refuse_blind_spots(cocci, name, spots):
    """Raise SeriesError if one of @spots in file @name matters to @cocci."""
    for what, text in spots:
        hit = [aim for aim in cocci.aims if is_named(text, [aim])]
        if hit or not cocci.aims:
            raise SeriesError(f'{cocci.name}: Coccinelle would skip a part of {name}'
                              + (f' that names {", ".join(hit)}' if hit else '') + f': {what}')


def regions(out):
    """The regions that spatch says it cannot parse: a list of (what, text). A
    region is a line `badcount: N` with `bad: ` lines below it. The passes before
    the last report the same region again."""
    found, region = [], None
    for line in out.splitlines():
        bad = re.match(r'(?:bad:|BAD:!!!!!) ?(.*)', line)
        if line.startswith('badcount:'):
            region = []
            found.append(region)
        elif bad and region is not None:
            region.append(bad[1])
        else:
            region = None
    return [(describe(region), '\n'.join(region)) for region in found]


def copy_headers(tree, work):
    for name in tree.git('ls-files', '-z', '--', '*.h').split('\0')[:-1]:
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.path / name, work / name)


def describe(region):
    """A region that cannot be parsed, in short: its function or first words."""
    names = [name + '()' for name, _, _ in definitions('\n'.join(region) + '\n')]
    words = next((line.strip() for line in region if re.search(r'\w', line)), '?')[:80]
    return 'cannot parse ' + (', '.join(names) or words)


def matched_rules(out):
    """The rules that spatch says have matched, by name or `line N`."""
    matched, rule = set(), None
    for line in out.splitlines():
        found = re.match(r'(?:rule starting on line (\d+)|(\S+)) = $', line)
        if found and line != 'diff = ':
            rule = found[2] or 'line' + found[1]
        elif 'found match in' in line and rule:
            matched.add(rule)
    return matched


def rule_names(text):
    """The transforming and matching rules of a semantic patch, as spatch
    names them in its output; no scripts."""
    names, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith('@'):
            continue
        if inside:
            # The `@@` that ends the metavariables, unless it begins a rule.
            inside = line.strip() != '@@'
            continue
        head = re.match(r'@\s*((?!(?:depends|extends|disable|using|exists|forall|expression)\b)'
                        r'[A-Za-z_]\w*)?[^@]*@', line)
        if not head:
            continue
        script = re.match(r'@\s*(script|initialize|finalize)\s*:', line)
        inside = not re.search(r'@.*@.*@@\s*$', line)
        if not script:
            names.append(head[1] or f'line{number}')
    return names


def count_hunks(old, new):
    """How many places differ between the texts @old and @new, one to one: the hunks of
    diff -U0."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / 'old', Path(folder) / 'new']
        for path, texts in zip(paths, (old, new)):
            path.mkdir()
            for number, text in enumerate(texts):
                (path / str(number)).write_bytes(text.encode('latin-1'))
        run = subprocess.run(['diff', '-rU0', *map(str, paths)], capture_output=True, check=False)
    return sum(line.startswith(b'@@ ') for line in run.stdout.splitlines())
