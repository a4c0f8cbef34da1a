"""The installed product: its licences, its users, and the objects that take MBXML.

One ``ProductObject`` is what one caller's process holds. It lives as long as the caller's
connection does: a process that dies gives its licence back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncd.core.errors import RefuseRecord
from syncd.sandbox.faults import FaultKind, FaultPlan
from syncd.sandbox.sage100_contractor.mbxml import Dialect, MessageSet
from syncd.sandbox.sage100_contractor.processor import WRITES, Processor
from syncd.sandbox.sage100_contractor.refusals import Code, Result, refuse

_LOCKED: Final = frozenset({FaultKind.LOCKED})


@dataclass(frozen=True, slots=True)
class Account:
    """The one company, and the one user that may use its API."""

    data_source: str
    company: str
    user: str
    password: str
    in_api_group: bool


class Installation:
    """What all objects on one machine share."""

    def __init__(
        self,
        account: Account,
        *,
        licences: int,
        exclusive_demanded: bool,
        dialect: Dialect,
        processor: Processor,
        faults: FaultPlan,
    ) -> None:
        self.account: Final = account
        self.licences: Final = licences
        self.exclusive_demanded: Final = exclusive_demanded
        self.dialect: Final = dialect
        self.processor: Final = processor
        self.people = 0
        """People who have the product open; each uses a licence."""
        self.taken_by_person = False
        """Whether a person in the product has exclusive access."""
        self._faults = faults
        self._objects: list[ProductObject] = []

    def open(self) -> ProductObject:
        """A new object, as a caller's ``CreateObject`` gives it."""
        made = ProductObject(self)
        self._objects.append(made)
        return made

    def drop(self, gone: ProductObject) -> None:
        """The process that held it has ended: its licence and exclusive access are free."""
        self._objects.remove(gone)

    def drop_all(self) -> None:
        """Every process has ended, and every person has gone home."""
        self._objects.clear()
        self.people, self.taken_by_person = 0, False

    @property
    def licences_used(self) -> int:
        return self.people + sum(held.licensed for held in self._objects)

    def exclusive_elsewhere(self, asking: ProductObject) -> bool:
        """Whether anybody but ``asking`` has exclusive access."""
        return self.taken_by_person or any(o.exclusive for o in self._objects if o is not asking)

    def ordered_lock(self, method: str) -> bool:
        """Whether a test has ordered that this call finds the product held by others."""
        fault = self._faults.pick(_LOCKED, method="POST", path=f"/object/{method}", operation=method)
        return fault is not None


class ProductObject:
    """``IMBXML``: its methods by the names they have there (``IntializeAPI`` is spelled so)."""

    def __init__(self, installation: Installation) -> None:
        self._at = installation
        self._data_source = ""
        self.licensed = False
        self.exclusive = False
        self._enabled = False

    @property
    def methods(self) -> Mapping[str, Callable[..., int | str]]:
        return {
            "SetDataSource": self.set_data_source,
            "IntializeAPI": self.initialize,
            "EnableRequests": self.enable_requests,
            "IsApplicationAllowed": self.is_application_allowed,
            "IsValidUser": self.is_valid_user,
            "GetExclusiveAccess": self.get_exclusive_access,
            "submitXML": self.submit,
            "ReleaseExclusiveAccess": self.release_exclusive_access,
            "DisableRequests": self.disable_requests,
            "DeIntializeAPI": self.deinitialize,
        }

    def set_data_source(self, instance: str) -> int:
        self._data_source = instance
        return Result.GOOD

    def initialize(self) -> int:
        if not self._data_source:
            return Result.ORDER
        if self._data_source.casefold() != self._at.account.data_source.casefold():
            return Result.DATA_SOURCE
        if self.licensed:
            return Result.GOOD
        if self._at.licences_used >= self._at.licences or self._at.ordered_lock("IntializeAPI"):
            return Result.LICENCE
        self.licensed = True
        return Result.GOOD

    def enable_requests(self) -> int:
        if not self.licensed:
            return Result.ORDER
        self._enabled = True
        return Result.GOOD

    def is_application_allowed(self, user: str, password: str) -> int:
        return self._login(self._at.account.company, user, password)

    def is_valid_user(self, company: str, user: str, password: str) -> int:
        return self._login(company, user, password)

    def get_exclusive_access(self, company: str, user: str, password: str) -> int:
        refused = self._login(company, user, password)
        if refused:
            return refused
        others = self._at.licences_used - 1
        if others or self._at.exclusive_elsewhere(self) or self._at.ordered_lock("GetExclusiveAccess"):
            return Result.EXCLUSIVE
        self.exclusive = True
        return Result.GOOD

    def release_exclusive_access(self) -> int:
        self.exclusive = False
        return Result.GOOD

    def disable_requests(self) -> int:
        self._enabled = self.exclusive = False
        return Result.GOOD

    def deinitialize(self) -> int:
        self.licensed = self._enabled = self.exclusive = False
        return Result.GOOD

    def submit(self, xml: str, password: str) -> str:
        """The answer document; a set that is not let in carries its refusal itself."""
        set_id = ""
        try:
            if not self._enabled:
                raise refuse(Code.NOT_ENABLED, "Requests are not enabled.")
            messages = self._at.dialect.read(xml)
            set_id = messages.set_id
            self._let_in(messages, password)
        except RefuseRecord as refusal:
            return self._at.dialect.refused(set_id, refusal.code, refusal.message)
        return self._at.processor.execute(messages)

    def _login(self, company: str, user: str, password: str) -> Result:
        if not self._enabled:
            return Result.ORDER
        account = self._at.account
        if (company, user, password) != (account.company, account.user, account.password):
            return Result.LOGIN
        return Result.GOOD if account.in_api_group else Result.NO_API_GROUP

    def _let_in(self, messages: MessageSet, password: str) -> None:
        match self._login(messages.company, messages.user, password):
            case Result.LOGIN:
                raise refuse(Code.LOGIN, "The company, user name or password is not valid.")
            case Result.NO_API_GROUP:
                raise refuse(Code.NO_API_GROUP, "The user is not a member of the group API.")
        if not any(request.slot in WRITES for request in messages.requests):
            return
        if self._at.exclusive_elsewhere(self):
            raise refuse(Code.EXCLUSIVE, "Another user has exclusive access to the company.")
        if self._at.exclusive_demanded and not self.exclusive:
            raise refuse(Code.EXCLUSIVE, "This company demands exclusive access for changes.")


def call(held: ProductObject, method: str, arguments: Any) -> int | str:
    """One method with its arguments. Raises ``LookupError`` for a name it does not have and
    ``TypeError`` for arguments that do not fit."""
    if not (isinstance(arguments, list) and all(isinstance(a, str) for a in arguments)):
        raise TypeError("arguments are a list of texts")
    return held.methods[method](*arguments)
