"""Collecting a supplier's file: rules compiled to SQL, refused rows, the receipt. ``xinqiao.lake.collect`` is the verb."""
