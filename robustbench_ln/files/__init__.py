"""What lies on disk: whole files, folders that commands write into, damage, pictures."""
