# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applying steps to a tree."""

import concurrent.futures
import os
import re
import shutil
import sys
import time

from . import layout
from .checks import View
from .commits import Commits
from .releases import Record, nearest_record, read_for, version_of
from .spatch import Coccinelle, rule_names
from .steps import find_step, read_series
from .tree import SeriesError

WORKERS = os.cpu_count() or 1


class Apply:
    def __init__(self, tree, args, log, folder):
        self.tree, self.args, self.log, self.copied = tree, args, log, []
        # As long as the tree is ours alone (see).
        self.view, self.commits = None, None
        self.version = version_of(tree.path)
        self.steps = read_series(args.source_of_steps, self.version)
        self.rules = [rule for step in self.steps for rule in step.rules()]
        if args.upto:
            self.steps = self.steps[:find_step(self.names(), args.upto) + 1]
        # What has been recorded of this release, and what this run has counted.
        self.record, self.sites = Record(args.source_of_steps, self.version), {}
        if args.tolerant and not self.record.is_there():
            self.record = nearest_record(args.source_of_steps, self.version)
        self.cocci = Coccinelle(log, folder, not args.no_cache, args.whole_files)

    def names(self):
        return [step.name for step in self.steps]

    def prepare(self):
        """Make sure that the tree is libvirt's, pristine and a checkout, and
        that git knows who commits."""
        tree = self.tree
        if not self.args.record:
            self.refuse_unless_recorded()
        if tree.is_checkout():
            self.need_identity()
            self.refuse_unless_pristine()
            return
        self.git_init()
        try:
            self.refuse_unless_pristine()
        except SeriesError:
            shutil.rmtree(tree.path / '.git')
            raise

    def refuse_unless_recorded(self):
        if not self.record.is_there():
            raise SeriesError(f'{self.tree.path} is libvirt {self.version}, of which nothing is '
                              f'recorded: scripts/port tells which steps apply, and '
                              f'scripts/apply --record records it as right ({self.record.path})')
        strangers = self.record.strangers(self.rules)
        if strangers:
            raise SeriesError(f'{self.record.path}: no such rule: {" ".join(strangers)} '
                              '(scripts/apply --record writes it anew)')

    def refuse_unless_pristine(self):
        tree = self.tree
        if not tree.is_clean():
            raise SeriesError(f'{tree.path} is dirty: commit or remove what `git status` shows')
        subjects = set(tree.subjects())
        for step in self.steps:
            if step.subject in subjects:
                raise SeriesError(f'{tree.path} already has the step {step.name}: '
                                  f'its log has the commit "{step.subject}"')
        self.see()
        for step in self.steps:
            if not step.upstream and step.check.is_met(self.view):
                raise SeriesError(f'{tree.path} already meets the postconditions of the step '
                                  f'{step.name}: it has been applied, or its check proves nothing')

    def see(self):
        """From now on nobody else changes the tree."""
        self.tree.remember()
        self.view = View(self.tree)
        self.commits = Commits(self.tree)

    def need_identity(self):
        try:
            self.tree.git('var', 'GIT_COMMITTER_IDENT')
            self.tree.git('var', 'GIT_AUTHOR_IDENT')
        except SeriesError as error:
            raise SeriesError(
                'git does not know who you are, and the commits need a Signed-off-by: '
                'set user.name and user.email (git config --global user.name "..."), '
                'or GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and '
                'GIT_COMMITTER_EMAIL') from error

    def git_init(self):
        """Turn an unpacked tarball into a checkout with one commit."""
        tree = self.tree
        tree.git('init', '--quiet', '--initial-branch=main')
        try:
            self.need_identity()
            # Even what .gitignore names: the tarball is the pristine state.
            tree.git('add', '--all', '--force')
            tree.git('commit', '--quiet', '--no-verify', '-m', 'pristine libvirt')
        except BaseException:
            shutil.rmtree(tree.path / '.git', ignore_errors=True)
            raise

    def run(self):
        self.prepare()
        try:
            for number, step in enumerate(self.steps, 1):
                print(f'[{number}/{len(self.steps)}] {step.name}', end='', flush=True)
                print(f': {self.run_step(step)}', flush=True)
        except BaseException:
            self.undo()
            raise
        self.commits.write()
        if self.args.record:
            self.record.write(self.sites, self.rules)
            print(f'recorded: {len(self.sites)} rules, in {self.record.path}')

    def run_step(self, step):
        """Apply the step; return what has been done, in words."""
        if step.upstream:
            return f'left out, not wanted {step.upstream}'
        start = time.monotonic()
        self.log.write(f'=== {step.name}\n')
        try:
            files, lines = self.apply_step(step)
        except SeriesError as error:
            print(flush=True)
            raise SeriesError(f'step {step.name}: {error}') from error
        return (f'{files} file{"s" if files > 1 else ""}, {lines:+} lines, '
                f'{time.monotonic() - start:.1f} s')

    def undo(self):
        """Leave no trace of the step that has failed, or it half-done if that was asked for."""
        self.commits.write(half_done=True)
        if self.args.keep:
            print(f'the half-done step is left in {self.tree.path}, as asked; '
                  '`git reset --hard` there removes it', file=sys.stderr)
            return
        self.tree.git('reset', '--quiet', '--hard', 'HEAD')
        for name in self.copied:
            (self.tree.path / name).unlink(missing_ok=True)
        self.tree.git('clean', '-fdq')

    def apply_step(self, step):
        """Apply the step to the tree, and add its commit to those that wait; return how
        many files it changes, and by how many lines they are longer."""
        tree = self.tree
        tree.written.clear()
        if step.before:
            step.before.apply(tree)
        done = set()
        for cocci in step.coccis:
            if not cocci.one_of:
                self.apply_cocci(step, cocci, self.outcome(cocci))
            elif cocci.one_of not in done:
                done.add(cocci.one_of)
                self.apply_one_of(step, [other for other in step.coccis
                                         if other.one_of == cocci.one_of])
        for name in step.new_files:
            target = tree.path / name
            if os.path.lexists(target):
                raise SeriesError(f'tree/{name}: the file exists already')
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copied.append(name)
            tree.forget(name)
            text = read_for(step.path / 'tree' / name, self.version)
            target.write_bytes(text.encode('latin-1'))
            target.chmod(0o755 if os.access(step.path / 'tree' / name, os.X_OK) else 0o644)
        for name in step.replacements:
            self.replace_file(step, name)
        if step.after:
            step.after.apply(tree)
        names = sorted(name for name, old in tree.written.items()
                       if name not in tree.modes or tree.read(name) != old)
        if not names:
            raise SeriesError('it changed nothing')
        tree.track(names)
        self.view.forget(names)
        wrong = [f'{name}: {fault}' for name in names if name.endswith(('.c', '.h'))
                 for fault in layout.faults(tree.written[name], tree.read(name))]
        if wrong:
            raise SeriesError('\n  '.join(wrong))
        failures = step.check.failures(self.view)
        if failures:
            raise SeriesError('postcondition not met: ' + '\n  '.join(failures))
        self.commits.add(self.signed_off(step.message), names)
        self.copied = []
        return len(names), sum(tree.read(name).count('\n') - tree.written[name].count('\n')
                               for name in names)

    def signed_off(self, message):
        """The message as `git commit --signoff --cleanup=whitespace` has it, but for a line
        `Tested: ...`, which git takes for a trailer: it is a paragraph of its own."""
        ident = self.commits.committer
        trailer = f'Signed-off-by: {ident[:ident.rindex(">") + 1]}'
        message = re.sub(r'[ \t]+$', '', message, flags=re.M).strip('\n') + '\n'
        message = re.sub(r'\n{3,}', r'\n\n', message)
        if re.search(r'^(?!Tested: )[\w-]+: ', message.rpartition('\n\n')[2], re.M):
            # There may be trailers already, which git knows best.
            return self.tree.git('interpret-trailers', '--if-exists', 'addIfDifferent',
                                 '--trailer', trailer, stdin=message.encode())
        return f'{message}\n{trailer}\n'

    def replace_file(self, step, name):
        """Put the step's own text in the place of the file @name, whose mode stays."""
        target = self.tree.path / name
        if name not in self.tree.files(name) or target.is_symlink() or not target.is_file():
            raise SeriesError(f'replace/{name}: there is no such tracked file to replace')
        text = read_for(step.path / 'replace' / name, self.version).encode('latin-1')
        if b'\0' in text or b'\0' in target.read_bytes():
            raise SeriesError(f'replace/{name}: not a text file')
        self.tree.forget(name)
        target.write_bytes(text)

    def outcome(self, cocci):
        """What the semantic patch makes of the tree, which stays as it is: {name: new
        text}, how many places that are, and the rules that have matched nothing."""
        tree = self.tree
        names = cocci.files(tree)
        if not names:
            return {}, 0, []
        cocci = cocci.expanded(tree, names)
        changed, sites, matched = {}, 0, set()
        self.cocci.stopped = False
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            groups = [names] if cocci.together else [[name] for name in names]
            jobs = [pool.submit(self.cocci.run, cocci, tree, group) for group in groups]
            try:
                for job in jobs:
                    texts, places, rules = job.result()
                    changed.update(texts)
                    sites += places
                    matched |= rules
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.cocci.stop()
                raise
        idle = [rule for rule in rule_names(cocci.text)
                if rule not in matched and rule not in cocci.may_miss]
        self.log.write(f'{cocci.name}: {sites} places in {", ".join(sorted(changed))}; '
                       f'rules that matched: {" ".join(sorted(matched))}\n\n')
        return changed, sites, idle

    def apply_cocci(self, step, cocci, outcome):
        changed, sites, idle = outcome
        for name, text in changed.items():
            self.tree.write(name, text)
        unmatched = f' (no match for: {" ".join(idle)})' if idle else ''
        if not sites:
            raise SeriesError(f'{cocci.name}: changed no place{unmatched}',
                              self.missed(cocci, idle))
        self.count(step, cocci, sites, unmatched)
        if idle:
            raise SeriesError(f'{cocci.name}: matched nothing: {" ".join(idle)} '
                              '(if that is right, name them in `// may-miss:`)',
                              self.missed(cocci, idle))

    def missed(self, cocci, rules):
        return 'rules', cocci, cocci.files(self.tree), rules

    def apply_one_of(self, step, coccis):
        """Apply the one that has something to change; each is tried on the tree as
        it is now."""
        outcomes = {cocci: self.outcome(cocci) for cocci in coccis}
        taken = [cocci for cocci in coccis if outcomes[cocci][1]]
        names = ' '.join(cocci.name for cocci in taken or coccis)
        if len(taken) != 1:
            raise SeriesError(f'one-of {coccis[0].one_of}: {len(taken) or "none"} of the alternatives '
                              f'{"match" if taken else "matches"}: {names}',
                              None if taken else self.missed(coccis[-1], []))
        for cocci in coccis:
            if cocci is taken[0]:
                self.apply_cocci(step, cocci, outcomes[cocci])
            else:
                self.count(step, cocci, 0)

    def count(self, step, cocci, sites, unmatched=''):
        """The rule has changed as many @sites: it must be as recorded."""
        rule = step.rule(cocci)
        self.sites[rule] = sites
        fault = None if self.args.record else self.record.fault(rule, sites)
        if fault and self.args.tolerant:
            self.args.tolerant(f'{rule}: changes {sites} places, {fault}')
        elif fault:
            raise SeriesError(f'{cocci.name}: changed {sites} places, {fault}{unmatched}; if that is '
                              'right, scripts/apply --record takes it over')
