"""What a site's files say: ``syncd.yaml``, crosswalks and profiles, checked before anything runs."""
