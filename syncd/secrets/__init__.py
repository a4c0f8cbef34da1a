"""Secrets: named by reference in files, revealed only where they are used, sealed where written."""

from syncd.secrets.reference import Secret, SecretRef, resolve
from syncd.secrets.sealed import MasterKey, Sealer, generate_master_key_file

__all__ = ["MasterKey", "Sealer", "Secret", "SecretRef", "generate_master_key_file", "resolve"]
