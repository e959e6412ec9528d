"""What comes from people who mean harm, or from programs that are broken: nothing of it may do any."""
