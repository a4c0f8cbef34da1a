"""The planted bugs: a text of one module, and what is put in its place before the module is imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted bug. ``before`` stands exactly once in the module's source; ``world`` is one of
    ``worlds.WORLDS``: what it needs to do harm."""

    name: str
    module: str
    before: str
    after: str
    world: str = ""


MUTATIONS: tuple[Mutation, ...] = (
    # -- once
    Mutation(
        "send before the intent is marked as sent",
        "syncd.engine.apply",
        "        if not await self._store.mark_sent(intent):\n",
        "        await setup.ends[intent.side].connector.submit(intent.request)\n"
        "        if not await self._store.mark_sent(intent):\n",
    ),
    Mutation(
        "an unknown outcome is taken for not carried out",
        "syncd.engine.apply",
        "        await self._store.uncertain(intent, outcome.words, capabilities.settle_s)\n",
        "        await self._store.retry_later(intent, outcome.error_class, outcome.words, 2.0)\n",
    ),
    Mutation(
        "a doubtful write is sent again instead of looked up",
        "syncd.engine.recover",
        "    return Step.COMPARE if operation.proof is Proof.CONTENT else Step.LOOK_UP\n",
        "    return Step.COMPARE if operation.proof is Proof.CONTENT else Step.SEND\n",
    ),
    Mutation(
        "an idempotency key never runs out",
        "syncd.engine.recover",
        "        return Step.SEND if alive else Step.LOOK_UP\n",
        "        return Step.SEND\n",
        world="idempotency keys",
    ),
    Mutation(
        "the life of a key counts from its last use",
        "syncd.store.settling",
        "(intent.c.state == IntentState.UNCERTAIN.value, intent.c.sent_at),",
        "(intent.c.state == 'never', intent.c.sent_at),",
        world="storms",
    ),
    Mutation(
        "a doubtful write is looked up at once, not after the settle time",
        "syncd.engine.apply",
        "        await self._store.uncertain(intent, outcome.words, capabilities.settle_s)\n",
        "        await self._store.uncertain(intent, outcome.words, 0.1)\n",
    ),
    Mutation(
        "after a restart what was sent is sent again",
        "syncd.store.recovery",
        'uncertain(c, k, one, "the process ended before an answer came", settle_s.get(one.connection))',
        'drop(c, k, one, "the process ended before an answer came", 0.0)',
        world="crashes",
    ),
    Mutation(
        "after a restart what was sent is looked up at once",
        "syncd.store.recovery",
        '"the process ended before an answer came", settle_s.get(one.connection))',
        '"the process ended before an answer came", 0.0)',
        world="crashes over lagging listings",
    ),
    Mutation(
        "after a restart what was sent is forgotten",
        "syncd.store.recovery",
        "    for one in doubtful:\n",
        "    for one in ():\n",
        world="crashes",
    ),
    Mutation(
        "a pair is decided while a write of it is open",
        "syncd.store.pairs",
        "intent.c.state.in_(UNSETTLED))\n        .correlate(pair)\n",
        "intent.c.state.in_(()))\n        .correlate(pair)\n",
    ),
    Mutation(
        "a lone record is created anew though a create on its side is open",
        "syncd.store.sql",
        "        return await self.database.read(lambda c: counting.open_creates(c, flow))\n",
        "        return frozenset()\n",
    ),
    Mutation(
        "a refused repeat is taken for refused from the start",
        "syncd.engine.apply",
        "        if isinstance(outcome, Rejected) and intent.state is IntentState.UNCERTAIN:\n",
        "        if isinstance(outcome, Rejected) and intent.state is IntentState.HELD:\n",
        world="storms over documents",
    ),
    Mutation(
        "the new record is not bound to its pair",
        "syncd.store.settling",
        "        for side, rows in bound.items():\n",
        "        for side, rows in {}.items():\n",
    ),
    Mutation(
        "a record that came back gets the references of its former life",
        "syncd.engine.decide",
        "{setup.entity}\\x1f{pair}\\x1f{key}",
        "{setup.entity}\\x1f{key}",
        world="removals are carried",
    ),
    # -- nothing lost
    Mutation(
        "the cursor moves although the walk was not whole",
        "syncd.engine.observe",
        "        complete = True\n        async for page in _ahead(pages):\n"
        "            complete = complete and page.complete\n",
        "        complete = True\n        async for page in _ahead(pages):\n",
        world="listings that fail",
    ),
    Mutation(
        "the walk's progress is stored before what it showed",
        "syncd.engine.observe",
        "    if page.resume is None and whole:\n",
        "    await store.page_seen(stream, (), resume=page.resume, walk_since=since)\n"
        "    if page.resume is None and whole:\n",
        world="old records",
    ),
    Mutation(
        "a flow's offset skips the news of one side",
        "syncd.store.pairs",
        "    woken = _WOKEN[side].many(c, [fresh])\n",
        "    woken = 0\n",
    ),
    Mutation(
        "an announced record is struck off before it is read",
        "syncd.engine.observe",
        "            read.error, read.unread = error.message, list(keys[at:])\n",
        "            read.error, read.unread = error.message, []\n",
        world="a story",
    ),
    Mutation(
        "no re-reading before a write that no version guards",
        "syncd.engine.apply",
        "        unguarded = request.expected is not None and not spec.conditional_write\n",
        "        unguarded = False\n",
        world="writes that no version guards",
    ),
    Mutation(
        "what was edited while we wrote is taken for an echo",
        "syncd.engine.apply",
        "    changed = _changed_meanwhile(setup, intent, record)\n",
        "    changed: Record = {}\n",
        world="people in haste",
    ),
    Mutation(
        "a lagging listing is believed",
        "syncd.engine.observe",
        "    if gate and (old := await _perhaps_old(store, end, stream, observations)):\n",
        "    if (old := frozenset()) and gate:\n",
        world="lagging listings",
    ),
    Mutation(
        "a conflict's base moves with the rest",
        "syncd.core.reconcile",
        "    settled = {name: value for name, value in shown.items() if name not in open_fields}\n",
        "    settled = dict(shown)\n",
    ),
    Mutation(
        "where both changed, the left one wins",
        "syncd.core.merge",
        "        elif all(moved.values()):\n            found = self._winner(rule, unit)\n",
        "        elif all(moved.values()):\n            found = (Side.LEFT, Why.CHANGED_LEFT)\n",
    ),
    Mutation(
        "the parts of a group are merged one by one",
        "syncd.core.merge",
        'grouped.setdefault(rule.group or f"={rule.name}", [])',
        'grouped.setdefault(f"={rule.name}", [])',
    ),
    Mutation(
        "each side is compared with the other side's base",
        "syncd.core.merge",
        "any(changed(self.pair.base(side) or {}, self.sides[side], f.name) for f in unit)",
        "any(changed(self.pair.base(side.other) or {}, self.sides[side], f.name) for f in unit)",
        world="long names",
    ),
    Mutation(
        "bases are never stored after a write",
        "syncd.store.settling",
        "            by_link[s.intent.link][s.intent.pair] = s.bases\n",
        "            pass\n",
    ),
    Mutation(
        "the base becomes what was sent, not what was confirmed",
        "syncd.core.reconcile",
        "        bases[side] = dict(shown)\n",
        "        bases[side] = dict(decided.get(side.other, shown))\n",
        world="long names",
    ),
    Mutation(
        "an edit does not win over a removal",
        "syncd.core.reconcile",
        "    edited = any(changed(base, whole, f.name) for f in policy.fields)\n",
        "    edited = False\n",
        world="removals are carried",
    ),
    Mutation(
        "nothing waits for what it refers to",
        "syncd.core.crossing",
        "        found = self.pairs.get((to.other, policy.target, key))\n        if found is None:\n",
        "        found = self.pairs.get((to.other, policy.target, key))\n        if found is None:\n"
        "            return None\n        if found is None:\n",
        world="a story",
    ),
    Mutation(
        "a refusal is stored without its reason",
        "syncd.store.settling",
        "            code=error.value,\n"
        '            reason=k.text(f"link:{at.link}", "reason", words),\n            field',
        '            code="",\n            reason=None,\n            field',
        world="a story",
    ),
    # -- evidence
    Mutation(
        "every status sends a document on",
        "syncd.core.reconcile",
        "    return _shows(record, policy.select)\n",
        "    return True\n",
        world="invoices",
    ),
    Mutation(
        "what was approved before the first sync is posted",
        "syncd.core.reconcile",
        "        if policy.select and pair.historical and not policy.post_existing:\n",
        "        if policy.select and pair.forced:\n",
        world="invoices",
    ),
    Mutation(
        "a removal is carried over where the flow holds it",
        "syncd.core.reconcile",
        "    if policy.deletes is Deletes.HOLD:\n",
        "    if policy.deletes is Deletes.ARCHIVE:\n",
        world="removals are held",
    ),
    Mutation(
        "what was deleted on both sides and comes back is deleted again",
        "syncd.core.reconcile",
        "    if base is not None and base.get(ENDED) == REMOVED:\n",
        "    if base is None:\n",
        world="a story",
    ),
    Mutation(
        "a forbidden record (403) is taken for removed",
        "syncd.engine.observe",
        "        except RefuseRecord:\n            continue\n",
        "        except RefuseRecord:\n"
        '            found.append(Seen(key, b"{}", deleted=True))\n            continue\n',
        world="announced, removals are carried",
    ),
    Mutation(
        "writes leave no line in the journal",
        "syncd.store.settling",
        'journal.Entry("sent", at.flow, at.pair, at.id, at.request.name, at.actor) for at in free]',
        'journal.Entry("sent", at.flow, at.pair, at.id, at.request.name, at.actor) for at in free[:0]]',
    ),
    # -- hold means hold
    Mutation(
        "holds are not looked at",
        "syncd.store.settling",
        "        reason = _covering(open_holds, at) if open_holds else None\n",
        "        reason = None\n",
    ),
    Mutation(
        "a repeat goes through a hold",
        "syncd.store.settling",
        "        reason = _covering(open_holds, at) if open_holds else None\n",
        "        repeated = at.state is IntentState.UNCERTAIN\n"
        "        reason = _covering(open_holds, at) if open_holds and not repeated else None\n",
        world="storms",
    ),
    Mutation(
        "what waited behind a hold is not planned anew",
        "syncd.store.holds",
        '    .values(due_at=bindparam("now"), state=PairState.DUE.value)\n',
        "    .values(due_at=None)\n",
    ),
    Mutation(
        "a tripped brake stops nothing",
        "syncd.engine.flow_run",
        "        if trips:\n"
        "            self._report.trips.extend(trips)\n"
        "            self._report.holds.extend(await self._store.trip(flow, trips))\n"
        "        return bool(trips)\n",
        "        return False\n",
        world="tight brakes",
    ),
    Mutation(
        "a budget is never spent",
        "syncd.core.brakes",
        "    if budget.writes is not None and after.writes > budget.writes:\n",
        "    if budget.writes is not None and after.writes > 1000 * budget.writes:\n",
        world="budgets",
    ),
    Mutation(
        "what was spent of a budget before is not counted",
        "syncd.store.spending",
        "        before = so_far.get(at.link) or spent(c, k, at.link)\n",
        "        before = so_far.get(at.link) or Spent()\n",
        world="budgets",
    ),
    Mutation(
        "many that disappear at once stop nothing",
        "syncd.core.brakes",
        "    found = (_disappeared(weight, census, limits), _rewritten(weight, census, limits))\n",
        "    found = (_rewritten(weight, census, limits),)\n",
        world="tight brakes",
    ),
    Mutation(
        "many that are rewritten at once stop nothing",
        "syncd.core.brakes",
        "    found = (_disappeared(weight, census, limits), _rewritten(weight, census, limits))\n",
        "    found = (_disappeared(weight, census, limits),)\n",
        world="tight brakes",
    ),
    Mutation(
        "what was planned so far is sent before the plan is weighed whole",
        "syncd.engine.decide",
        "        (later if waits else now).append(one)\n",
        "        now.append(one)\n",
        world="tight brakes, small batches",
    ),
    # -- documents
    Mutation(
        "a posted document is edited on",
        "syncd.core.reconcile",
        "    return posting.ledger if _shows(sides[posting.ledger], posting.posted) else None\n",
        "    return None\n",
        world="drafts",
    ),
    Mutation(
        "a document that was posted after it was decided about is edited",
        "syncd.engine.apply",
        "names += [*(posting.posted",
        "_ = [*(posting.posted",
        world="drafts",
    ),
    Mutation(
        "a void is carried out again and again",
        "syncd.core.reconcile",
        "    done = ENDED in (pair.base(source) or {})\n",
        "    done = False\n",
        world="a story",
    ),
    Mutation(
        "a void is not carried over",
        "syncd.core.reconcile",
        "    if not void and not voided:\n        return None\n",
        "    return None\n",
        world="drafts",
    ),
    Mutation(
        "a void that no action carries over is forgotten",
        "syncd.core.reconcile",
        "    if not posting.action or not policy.mode.writes(ledger):\n        return Decision(",
        "    if not posting.action or not policy.mode.writes(ledger):\n"
        "        return None if not posting.action else Decision(",
        world="voids of what was posted at once",
    ),
    Mutation(
        "what is posted at once is a draft for ever",
        "syncd.core.reconcile",
        "posting.ledger if _shows(sides[posting.ledger], posting.posted) else None\n",
        "posting.ledger if posting.posted and _shows(sides[posting.ledger], posting.posted) else None\n",
        world="voids of what was posted at once",
    ),
    Mutation(
        "a telling overwrites a void",
        "syncd.engine.decide",
        "            was=shown.pop(action, {}),\n",
        "",
        world="drafts",
    ),
    Mutation(
        "a telling does not carry the version that was looked at",
        "syncd.engine.apply",
        "            if not carries_version(intent, setup):\n",
        "            if True:\n",
        world="drafts, versions are checked",
    ),
    # -- merges
    Mutation(
        "what was merged away is taken for deleted",
        "syncd.engine.observe",
        "GONE, known, gone=True, merged_into=seen.merged_into,",
        "GONE, known, gone=True,",
        world="merges",
    ),
    Mutation(
        "a merge is followed to a record that has a partner",
        "syncd.store.removals",
        "            ~taken,\n",
        "",
        world="merges",
    ),
    Mutation(
        "a pair that follows a merge is not decided anew",
        "syncd.store.removals",
        '"due_at": k.now}\n        c.execute(update(pair)',
        '"due_at": None}\n        c.execute(update(pair)',
        world="merges",
    ),
    # -- other policies
    Mutation(
        "a changed policy is never decided anew",
        "syncd.engine.flow_run",
        "            await store.decide_by(flow, setup.fingerprint())\n",
        "            pass\n",
        world="other policies",
    ),
    # -- it converges
    Mutation(
        "a retry is put off for ever",
        "syncd.engine.apply",
        "    return float(min(_RETRY_FIRST_S * 2 ** min(attempts, 10), _RETRY_MAX_S))\n",
        "    return 1e7\n",
    ),
    Mutation(
        "both sides' changes of one record: only the first is written",
        "syncd.core.reconcile",
        "write=write, again=both, conflicts",
        "write=write, again=False, conflicts",
    ),
    Mutation(
        "a platform's absurd Retry-After is obeyed",
        "syncd.engine.apply",
        "        return min(max(asked_s, 0.0), _RETRY_MAX_S)\n",
        "        return max(asked_s, 0.0)\n",
    ),
    # -- money
    Mutation(
        "money is a binary number",
        "syncd.core.canonical",
        "        cents = round(value * 100)\n        if cents / 100 == value:  # as nearly every amount is\n",
        "        cents = int(value * 100)\n        if True:\n",
        world="invoices",
    ),
    # -- silence
    Mutation(
        "names lie open on the disk as keys for matching",
        "syncd.store.streams",
        '"digest": k.digest(natural)',
        '"digest": natural.encode()',
    ),
    Mutation(
        "what both sides agreed on lies open on the disk",
        "syncd.store.sealing",
        "        return self.seal.seal(owner, field, canonical.encode(record))\n\n"
        "    def open_record(self, owner: str, field: str, sealed: bytes) -> dict[str, Value]:\n"
        "        return canonical.decode(self.seal.open(owner, field, sealed))\n",
        "        return canonical.encode(record)\n\n"
        "    def open_record(self, owner: str, field: str, sealed: bytes) -> dict[str, Value]:\n"
        "        return canonical.decode(sealed)\n",
    ),
)
